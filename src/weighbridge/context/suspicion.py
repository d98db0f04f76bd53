"""Text that speaks to the model instead of telling it something: the mark of an injected instruction.

A list of shapes finds what is blunt and misses what is clever. It is a signal for the policy to act on; what protects
is that sources are fenced, told to be material, and that an answer is held against its contract.
"""

from weighbridge.domain.patterns import linear_pattern

_MODEL = "(ai|llm|language model|assistant|chatbot|bot)"
_RULES = "(instruction|prompt|rule|direction|guideline)s?"
_SPEAKING_AS = "(mode|assistant|ai|model|persona|dan|developer|admin|administrator|jailbreak|unrestricted)"
_EARLIER = "(previous|prior|above|earlier|preceding|all|any|your|the|other|system)"
_SECRETS = f"(system prompt|your (system )?{_RULES}|hidden prompt|api keys?|password|credentials)"
_ORDERED = "(you (must|should|will|have to)|answer|respond|reply|say|recommend)"
_SHAPES = (
    rf"\b(ignore|disregard|forget|override|bypass)\b[^.\n]{{0,40}}\b{_EARLIER}\b[^.\n]{{0,30}}\b{_RULES}\b",
    rf"\b(you are now|from now on,? you|pretend (to be|you are)|switch to|enter) [^.\n]{{0,60}}\b{_SPEAKING_AS}\b",
    rf"\b(reveal|repeat|print|output|show|leak|send|disclose)\b[^.\n]{{0,40}}\b{_SECRETS}\b",
    r"\b(do not|don't|never) (tell|inform|mention|reveal|show)\b[^.\n]{0,40}\b(the|this to) (user|customer|human)\b",
    rf"\b(new|updated|important|real|actual|secret) (system )?{_RULES} ?(:|for (the )?{_MODEL})",
    rf"\b(attention|note|message|instruction|dear|hey|hello),?( to| for)?( the)?( any)? {_MODEL}s?\b[^\n]{{0,20}}[:,]",
    rf"\b(as|if you are|when you are|to any) (an? )?{_MODEL}\b[^.\n]{{0,60}}\b{_ORDERED}\b",
    r"\b(respond|reply|answer) (only )?(with|by|to every question with)\b[^.\n]{0,30}[\"“']",
    r"<\|?(im_start|im_end|system|endoftext|eot_id|start_header_id)\|?>|\[/?inst\]|<<sys>>",
    r"(^|\n)\s*(#{1,6} ?)?(system|assistant|developer)\s*(prompt|message)?\s*:",
)
_ANY = "(?i)" + "|".join(f"({shape})" for shape in _SHAPES)


def is_suspicious(text: str) -> bool:
    """It holds a passage that reads like an instruction to a model."""
    return linear_pattern(_ANY).occurs_in(text)

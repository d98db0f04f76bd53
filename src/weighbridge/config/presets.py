"""Known hosts: a row for each. What a row does not hold depends on the account and has to be stated."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

CHAT = "openai_chat"


@dataclass(frozen=True, slots=True)
class Preset:
    """What is the same for everybody who uses a host."""

    provider: str
    """The company or system, in OpenTelemetry's spelling."""
    base_url: str | None
    """Where it listens; `None` where each account has an address of its own."""
    dialect: str = CHAT
    """What it speaks."""
    auth: str | None = None
    """How it wants its credential, where not as its dialect has it."""
    output_limit: str | None = None
    """What it calls the limit of an answer, where it takes no other name."""
    instructions: str | None = None
    """The role of instructions, where it knows no other."""

    @property
    def stated(self) -> dict[str, str]:
        """As keys of a host's row."""
        return {name: value for name, value in asdict(self).items() if value is not None}


OLDER: Mapping[str, str] = {"output_limit": "max_tokens", "instructions": "system"}
"""OpenAI's names from before 2024, which every host that took its format knows."""
NEWER: Mapping[str, str] = {"output_limit": "max_completion_tokens", "instructions": "system"}

PRESETS: Mapping[str, Preset] = {
    "openai": Preset("openai", "https://api.openai.com/v1", output_limit="max_completion_tokens"),
    "openai-responses": Preset("openai", "https://api.openai.com/v1", "openai_responses"),
    "azure": Preset("azure.ai.openai", None, auth="api-key", output_limit="max_completion_tokens"),
    "anthropic": Preset("anthropic", "https://api.anthropic.com/v1", "anthropic_messages"),
    "google": Preset("gcp.gemini", "https://generativelanguage.googleapis.com/v1beta", "gemini"),
    "vertex": Preset("gcp.vertex_ai", None, "gemini", "bearer"),
    "bedrock": Preset("aws.bedrock", None, "bedrock"),
    "mistral": Preset("mistral_ai", "https://api.mistral.ai/v1", **OLDER),
    "groq": Preset("groq", "https://api.groq.com/openai/v1", **NEWER),
    "deepseek": Preset("deepseek", "https://api.deepseek.com/v1", **OLDER),
    "xai": Preset("x_ai", "https://api.x.ai/v1", **NEWER),
    "together": Preset("together", "https://api.together.xyz/v1", **OLDER),
    "fireworks": Preset("fireworks", "https://api.fireworks.ai/inference/v1", **OLDER),
    "openrouter": Preset("openrouter", "https://openrouter.ai/api/v1"),
    "cerebras": Preset("cerebras", "https://api.cerebras.ai/v1", **NEWER),
    "cohere": Preset("cohere", "https://api.cohere.ai/compatibility/v1", **OLDER),
    "perplexity": Preset("perplexity", "https://api.perplexity.ai", **OLDER),
    "nvidia": Preset("nvidia", "https://integrate.api.nvidia.com/v1", **OLDER),
    "huggingface": Preset("huggingface", "https://router.huggingface.co/v1", **OLDER),
    "moonshot": Preset("moonshot_ai", "https://api.moonshot.ai/v1", **OLDER),
    "deepinfra": Preset("deepinfra", "https://api.deepinfra.com/v1/openai", **OLDER),
    "sambanova": Preset("sambanova", "https://api.sambanova.ai/v1", **OLDER),
    "vllm": Preset("vllm", "http://127.0.0.1:8000/v1", **OLDER),
    "sglang": Preset("sglang", "http://127.0.0.1:30000/v1", **OLDER),
    "tgi": Preset("tgi", "http://127.0.0.1:8080/v1", **OLDER),
    "llama.cpp": Preset("llama.cpp", "http://127.0.0.1:8080/v1", **OLDER),
    "ollama": Preset("ollama", "http://127.0.0.1:11434/v1", **OLDER),
    "lm-studio": Preset("lm-studio", "http://127.0.0.1:1234/v1", **OLDER),
}

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

    @property
    def stated(self) -> dict[str, str]:
        """As keys of a host's row."""
        return {name: value for name, value in asdict(self).items() if value is not None}


PRESETS: Mapping[str, Preset] = {
    "openai": Preset("openai", "https://api.openai.com/v1"),
    "openai-responses": Preset("openai", "https://api.openai.com/v1", "openai_responses"),
    "azure": Preset("azure.ai.openai", None, auth="api-key"),
    "anthropic": Preset("anthropic", "https://api.anthropic.com/v1", "anthropic_messages"),
    "google": Preset("gcp.gemini", "https://generativelanguage.googleapis.com/v1beta", "gemini"),
    "vertex": Preset("gcp.vertex_ai", None, "gemini", "bearer"),
    "bedrock": Preset("aws.bedrock", None, "bedrock"),
    "mistral": Preset("mistral_ai", "https://api.mistral.ai/v1"),
    "groq": Preset("groq", "https://api.groq.com/openai/v1"),
    "deepseek": Preset("deepseek", "https://api.deepseek.com/v1"),
    "xai": Preset("x_ai", "https://api.x.ai/v1"),
    "together": Preset("together", "https://api.together.xyz/v1"),
    "fireworks": Preset("fireworks", "https://api.fireworks.ai/inference/v1"),
    "openrouter": Preset("openrouter", "https://openrouter.ai/api/v1"),
    "cerebras": Preset("cerebras", "https://api.cerebras.ai/v1"),
    "cohere": Preset("cohere", "https://api.cohere.ai/compatibility/v1"),
    "perplexity": Preset("perplexity", "https://api.perplexity.ai"),
    "nvidia": Preset("nvidia", "https://integrate.api.nvidia.com/v1"),
    "huggingface": Preset("huggingface", "https://router.huggingface.co/v1"),
    "moonshot": Preset("moonshot_ai", "https://api.moonshot.ai/v1"),
    "deepinfra": Preset("deepinfra", "https://api.deepinfra.com/v1/openai"),
    "sambanova": Preset("sambanova", "https://api.sambanova.ai/v1"),
    "vllm": Preset("vllm", "http://127.0.0.1:8000/v1"),
    "sglang": Preset("sglang", "http://127.0.0.1:30000/v1"),
    "tgi": Preset("tgi", "http://127.0.0.1:8080/v1"),
    "llama.cpp": Preset("llama.cpp", "http://127.0.0.1:8080/v1"),
    "ollama": Preset("ollama", "http://127.0.0.1:11434/v1"),
    "lm-studio": Preset("lm-studio", "http://127.0.0.1:1234/v1"),
}

"""The kinds of things that detectors look for."""

from enum import StrEnum


class Detection(StrEnum):
    """What kind of thing was found; the value is the name that people read."""

    EMAIL = "e-mail address"
    PHONE = "phone number"
    BANK_ACCOUNT = "bank account"
    PAYMENT_CARD = "payment card"
    SOCIAL_SECURITY = "US social security number"
    CLOUD_KEY = "cloud access key"
    REPOSITORY_KEY = "repository token"
    API_KEY = "API key"
    SIGNED_CLAIM = "signed web token"
    PRIVATE_KEY = "private key"
    LOGIN = "password"

    @property
    def is_secret(self) -> bool:
        """It opens something; the others tell about a person."""
        return self not in _PERSONAL


_PERSONAL = frozenset(
    {
        Detection.EMAIL,
        Detection.PHONE,
        Detection.BANK_ACCOUNT,
        Detection.PAYMENT_CARD,
        Detection.SOCIAL_SECURITY,
    }
)

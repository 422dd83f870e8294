"""Keys for JWTs by ES256 (RFC 7518, section 3.4): the public half verifies, and can't sign."""

import json
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode, der_to_raw_signature

ALGORITHM = "ES256"


class _Deterministic(ECAlgorithm):
    """Signs the same claims by the same text (RFC 6979): a refresh token that is asked for twice is one token."""

    def sign(self, msg: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        signature = key.sign(msg, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return der_to_raw_signature(signature, key.curve)


_signer = PyJWS(algorithms=[])
_signer.register_algorithm(ALGORITHM, _Deterministic(hashes.SHA256, ec.SECP256R1))


@dataclass(frozen=True)
class SigningKey:
    """A private key on the curve P-256, and its public half."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @cached_property
    def public(self) -> ec.EllipticCurvePublicKey:
        return self.private.public_key()

    @cached_property
    def kid(self) -> str:
        """Return the thumbprint of the public key (RFC 7638): the same in every process."""
        members = {name: value for name, value in self._members.items() if name in ("crv", "kty", "x", "y")}
        text = json.dumps(members, separators=(",", ":"), sort_keys=True)
        return base64url_encode(sha256(text.encode()).digest()).decode()

    @property
    def jwk(self) -> dict[str, str]:
        """Return the public key as a JWK (RFC 7517, section 4)."""
        return {**self._members, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @cached_property
    def _members(self) -> dict[str, str]:
        return dict(ECAlgorithm.to_jwk(self.public, as_dict=True))

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT with these claims."""
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return _signer.encode(payload, self.private, algorithm=ALGORITHM, headers={"kid": self.kid})


def generate() -> str:
    """Return a new private key as text: PKCS #8 (RFC 5208), DER, Base64, as `openssl genpkey -outform DER` makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


@lru_cache
def parse(text: str) -> SigningKey:
    """Read a key that `generate` or OpenSSL made. Raises `ValueError`, which does not quote it."""
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_der_private_key(b64decode(text, validate=True), password=None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return SigningKey(key)
    raise ValueError("not a private key on the curve P-256, as PKCS #8, DER and Base64")

"""The only randomness and derived keys: tokens, badge codes, look-up ids, sealed cards; it owns no table."""

import base64
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from stdnum import luhn

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 29
CERTIFICATE_LENGTH = 16
LOOKUP_BYTES = 12
NONCE_BYTES = 12

_RFC4648_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", CROCKFORD.encode())
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None})


def new_id() -> uuid.UUID:
    """A random UUID (RFC 9562, version 4)."""
    return uuid.uuid4()


def new_token() -> str:
    """128 random bits as 22 characters that are safe in an address."""
    return secrets.token_urlsafe(16)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token: 32 bytes of SHA-256."""
    return hashlib.sha256(token.encode()).digest()


def slow_hash(secret: str) -> str:
    """What the database keeps of a short secret: salt and scrypt (RFC 7914; 32 MiB, about 0.1 s), in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}.{_scrypt(secret, salt).hex()}"


def fits(secret: str, hashed: str) -> bool:
    """Whether a slow hash is of this secret."""
    salt, _, kept = hashed.partition(".")
    return hmac.compare_digest(_scrypt(secret, bytes.fromhex(salt)), bytes.fromhex(kept))


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=32)


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _crockford(raw: bytes) -> str:
    return base64.b32encode(raw).rstrip(b"=").translate(_RFC4648_TO_CROCKFORD).decode()


@dataclass(frozen=True)
class BadgeKey:
    """The deployment's secret from which every badge code is derived; 32 bytes, kept outside the database."""

    secret: bytes

    @property
    def id(self) -> str:
        """A name of the key that tells nothing of it: 8 hexadecimal digits, kept beside each badge."""
        return hmac.new(self.secret, b"checkin key id", hashlib.sha256).hexdigest()[:8]

    @property
    def audit_key(self) -> bytes:
        """The secret of the audit log's chain, 32 bytes: whoever has the database alone can't forge a digest."""
        return hmac.new(self.secret, b"checkin audit", hashlib.sha256).digest()

    def prefix(self, event_code: str) -> str:
        """The two characters that begin every code of one event."""
        return _crockford(hmac.new(self.secret, b"prefix\0" + event_code.encode(), hashlib.sha256).digest())[
            :2
        ]

    def code(self, badge_id: uuid.UUID, *, prefix: str) -> str:
        """The badge's code: prefix, 128 bits of HMAC-SHA256 in Crockford base32, Luhn mod 32 check character."""
        mac = hmac.new(self.secret, b"code\0" + badge_id.bytes, hashlib.sha256).digest()[:16]
        body = prefix + _crockford(mac)
        return body + str(luhn.calc_check_digit(body, CROCKFORD))

    def certificate_code(self, certificate_id: uuid.UUID) -> str:
        """What a certificate is checked by: 80 bits of HMAC-SHA256 in 16 characters of Crockford base32."""
        return _crockford(
            hmac.new(self.secret, b"certificate\0" + certificate_id.bytes, hashlib.sha256).digest()[:10]
        )


def keyed_digest(key: bytes, text: str, *, after: bytes = b"") -> bytes:
    """HMAC-SHA256 (RFC 2104) of a text behind another digest, by which both are found unchanged; 32 bytes."""
    return hmac.new(key, after + text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def open_code(name: str, *, prefix: str) -> str:
    """A code in the shape of a badge's that is no secret: anybody can derive it from its name, without the key."""
    body = prefix + _crockford(hashlib.sha256(b"open code\0" + name.encode()).digest()[:16])
    return body + str(luhn.calc_check_digit(body, CROCKFORD))


def read_code(text: str) -> str:
    """What somebody scanned or typed, in the form a code is printed: upper case, without spaces and hyphens.

    Letters that Crockford's base32 leaves out because they look like digits are read as those digits.
    """
    return text.strip().upper().translate(_READ_AS)


def looks_like_a_code(code: str) -> bool:
    """Whether this is a badge code of some event: its length, its alphabet and its check character agree."""
    return len(code) == CODE_LENGTH and set(code) <= set(CROCKFORD) and luhn.checksum(code, CROCKFORD) == 0


def looks_like_a_certificate(code: str) -> bool:
    """Whether this may be the code of a certificate: its length and its alphabet agree."""
    return len(code) == CERTIFICATE_LENGTH and set(code) <= set(CROCKFORD)


def lookup_id(code: str) -> str:
    """The name by which the database and the phones know a badge: 96 bits of SHA-256 in 16 base64url characters."""
    digest = hashlib.sha256(b"checkin look-up\0" + code.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[:LOOKUP_BYTES]).decode()


def proof_of(code: str) -> str:
    """What shows that one has read a badge, without telling its code: 96 other bits of SHA-256, as look-up ids are."""
    digest = hashlib.sha256(b"checkin proof\0" + code.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[:LOOKUP_BYTES]).decode()


def _card_key(code: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"checkin card").derive(code.encode())


def seal_card(code: str, card: bytes) -> bytes:
    """A card under AES-256-GCM with the key that the badge's code gives: nonce (12 bytes), ciphertext, tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_card_key(code)).encrypt(nonce, card, None)


def open_card(code: str, sealed: bytes) -> bytes:
    """The card again; raises cryptography's InvalidTag for another badge's code."""
    return AESGCM(_card_key(code)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)

"""The second factor: authenticators and recovery codes, no code of which works twice; it owns no table."""

import base64

import qrcode
from flask_security import MfRecoveryCodesUtil, Totp, UserMixin
from passlib.exc import TokenError  # type: ignore[import-untyped]
from qrcode.image.svg import SvgPathImage

from checkin import clock
from checkin.db import transaction
from checkin.domain import audit, staff

# How far a phone's clock may be off, in seconds: the codes of one step before and after are taken too.
CODE_WINDOW = 30


class Authenticators(Totp):
    """Codes of six digits (RFC 6238), none of which works twice."""

    def counter(self, code: str, totp_secret: str) -> int | None:
        """The time step at which a code is right, or None."""
        try:
            match = self._totp.verify(code, totp_secret, window=CODE_WINDOW)
        except (TokenError, ValueError):
            # A ValueError is a secret that another installation's key encrypted.
            return None
        return int(match.counter)

    def generate_qrcode(self, username: str, totp: str) -> str:
        """The picture as a data address; one path, where the library draws each module and takes 100 kB."""
        picture = qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgPathImage)
        return "data:image/svg+xml;base64," + base64.b64encode(picture.to_string()).decode()

    def verify_totp(self, token: str, totp_secret: str, user: UserMixin, window: int = 0) -> bool:
        """Whether a code is right and was not used; it can't be used again."""
        counter = self.counter(token, totp_secret)
        if counter is None:
            return False
        with transaction() as db_session:
            return staff.use_counter(db_session, user.id, counter=counter)


class RecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes that are shown once and work once."""

    def create_recovery_codes(self, user: UserMixin) -> list[str]:
        with transaction() as db_session:
            codes = staff.renew_recovery_codes(db_session, user.id)
            audit.record(db_session, "recovery codes renewed", actor=f"staff:{user.id}", now=clock.now())
        return codes

    def get_recovery_codes(self, user: UserMixin) -> list[str]:
        return []

    def check_recovery_code(self, user: UserMixin, code: str) -> bool:
        """Uses the code up at once: of two who type the same one, one is let in."""
        with transaction() as db_session:
            used = staff.use_recovery_code(db_session, user.id, code=code)
            if used:
                audit.record(db_session, "recovery code used", actor=f"staff:{user.id}", now=clock.now())
        return used

    def delete_recovery_code(self, user: UserMixin, code: str) -> bool:
        return True

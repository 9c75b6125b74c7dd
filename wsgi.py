"""The application for any WSGI server."""

from checkin.app import create_app
from checkin.config import Config

app = create_app(Config.from_env())

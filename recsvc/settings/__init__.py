"""Settings: read once from `RECSVC_*` at the start, frozen, unknown names refused."""

from recsvc.settings.declared import Declared as Declared
from recsvc.settings.environment import DECLARED as DECLARED
from recsvc.settings.environment import environment_of as environment_of
from recsvc.settings.environment import from_environment as from_environment
from recsvc.settings.whole import Settings as Settings

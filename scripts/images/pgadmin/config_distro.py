"""Settings of this image. PGADMIN_CONFIG_<NAME>=<python literal> sets any other, as in the official image."""
import ast
import os

CA_FILE = '/etc/ssl/certs/ca-certificates.crt'
LOG_FILE = '/dev/null'
SERVER_MODE = True
DATA_DIR = '/var/lib/pgadmin'
UPGRADE_CHECK_ENABLED = False

_prefix = 'PGADMIN_CONFIG_'
for _name, _value in os.environ.items():
    if _name.startswith(_prefix):
        try:
            globals()[_name[len(_prefix):]] = ast.literal_eval(_value)
        except (ValueError, SyntaxError) as _error:
            raise SystemExit(f'{_name}={_value!r} is not a Python literal: {_error}')

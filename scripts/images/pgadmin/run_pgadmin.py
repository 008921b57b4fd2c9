"""What gunicorn serves. Importing it creates the settings database on the first start."""
import builtins

builtins.SERVER_MODE = True

from pgAdmin4 import app  # noqa: E402,F401  (SERVER_MODE has to be set before)

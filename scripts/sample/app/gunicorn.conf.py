"""One process with threads, so that metrics and the connection pool are counted in one place."""
import os

bind = f"0.0.0.0:{os.environ.get('PORT', '3000')}"
workers = 1
worker_class = "gthread"
threads = int(os.environ.get("APP_THREADS", "16"))
worker_tmp_dir = "/dev/shm"  # the root file system may be read-only
graceful_timeout = 10
keepalive = 30
accesslog = None  # the application writes its own, as JSON
errorlog = "-"
loglevel = "warning"

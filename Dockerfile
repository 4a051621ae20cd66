# Dynascope behind a proxy, in aws mode. It runs as nobody in particular, on a file system that it cannot write to but for /state and /tmp:
#
#   docker build -t dynascope .
#   docker run --read-only --tmpfs /tmp --volume state:/state --cap-drop ALL --security-opt no-new-privileges dynascope
#
# deploy/compose.yaml does that, with the proxy before it.

FROM python:3.11-slim AS build
COPY requirements.txt .
# Only what has the hash that was tested.
RUN python -m venv /venv && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin dynascope \
    && install --directory --owner=dynascope --group=dynascope --mode=0700 /state
COPY --from=build /venv /venv
WORKDIR /app
COPY app.py asgi.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY data_access data_access
COPY pages pages
COPY server server
# Compiled now: later nothing can be written beside the sources.
RUN /venv/bin/python -m compileall -q app.py asgi.py data_access pages server

ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DYNASCOPE_MODE=aws \
    DYNASCOPE_STATE=/state
USER 10001:10001
VOLUME /state
EXPOSE 8501
# Alive, not ready: an account that cannot be reached is no reason to start it anew. /readyz is for a load balancer.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]
# It wants --server.allowedHosts, too: the name that people type.
CMD ["streamlit", "run", "asgi.py", "--server.address=0.0.0.0", "--server.port=8501"]

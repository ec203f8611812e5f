# The worker's image; the same image runs every other command (`docker run equipoise doctor`).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python3 -m venv /opt/equipoise
# The locked packages first: this layer is built again only when the lock changes.
COPY locks/run.txt locks/
RUN /opt/equipoise/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r locks/run.txt
COPY pyproject.toml setup.py README.md LICENSE ./
COPY streams streams
COPY processors processors
COPY schemas schemas
COPY proofs proofs
RUN /opt/equipoise/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="equipoise" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin equipoise
COPY --from=build /opt/equipoise /opt/equipoise
# Kernels are compiled here, so that a container starts in seconds. They are compiled again where the CPU differs:
# into this folder if it can be written, else for each process.
ENV PATH=/opt/equipoise/bin:$PATH EQUIPOISE_KERNEL_CACHE=/var/cache/equipoise PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp
RUN install -d -o equipoise /var/cache/equipoise
USER 10001
WORKDIR /home/equipoise
RUN python -m equipoise.streams.kernels
ENV EQUIPOISE_DELIVERY__PULSE_FILE=/tmp/pulse
# Only a worker has a pulse: other commands are well as long as they run.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ! test -e /tmp/pulse || test $(( $(date +%s) - $(stat -c %Y /tmp/pulse) )) -lt 15
STOPSIGNAL SIGTERM
ENTRYPOINT ["equipoise"]
CMD ["worker"]

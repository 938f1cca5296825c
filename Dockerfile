# syntax=docker/dockerfile:1
# recsvc in one image: `recsvc up` for everything on one machine, `recsvc serve` and `recsvc worker` apart.
# It listens to others, so it wants a key first: docker run --rm -v recsvc:/data recsvc keys create secret

# A name may be given to another image; a digest may not: --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:…
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The kernels are C; the image that runs needs no compiler.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/recsvc
WORKDIR /src
# With traces and object stores: --build-arg LOCK=requirements-extras.lock
ARG LOCK=requirements.lock
COPY ${LOCK} requirements.lock
RUN /opt/recsvc/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY recsvc ./recsvc
COPY workers ./workers
RUN /opt/recsvc/bin/pip install --no-deps --no-build-isolation . \
    && /opt/recsvc/bin/python -m compileall -q /opt/recsvc/lib

FROM ${PYTHON_IMAGE}
# implicit computes with OpenMP; a process per request path wants one BLAS thread each.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin recsvc \
    && install -d -o recsvc -g recsvc /data
COPY --from=build /opt/recsvc /opt/recsvc
ENV PATH=/opt/recsvc/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    RECSVC_HOST=0.0.0.0 \
    RECSVC_PORT=8000 \
    RECSVC_DATA_DIR=/data \
    RECSVC_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Everything that is written lies under /data and /tmp: the rest of the file system can be read-only.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["recsvc", "health"]
ENTRYPOINT ["recsvc"]
CMD ["up"]

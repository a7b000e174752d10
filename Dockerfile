# One image for every service: compose runs `python -m services.<name>` in it.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# The lock changes seldom, the code often: in this order a rebuild takes seconds.
COPY requirements/run.lock requirements/run.lock
RUN pip install --require-hashes --no-deps --only-binary=:all: -r requirements/run.lock \
    && useradd --create-home --uid 10001 whistle \
    && install -d -o whistle /secrets /attachments

COPY services services
COPY stack stack
COPY policy policy
RUN printf '#!/bin/sh\nexec python -m services.cli "$@"\n' > /usr/local/bin/whistle \
    && chmod 755 /usr/local/bin/whistle && python -m compileall -q services

USER whistle
CMD ["whistle", "--help"]

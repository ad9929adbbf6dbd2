# The API, the worker, the indexer and their commands in one image; docker-compose.yml says which one runs.

FROM python:3.13-slim AS build
RUN python -m venv /opt/casabricks && python -m venv /opt/build
COPY requirements/build.txt requirements/image.txt /src/requirements/
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/build.txt \
 && /opt/casabricks/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/image.txt
COPY . /src
WORKDIR /src
RUN /opt/build/bin/python -m hatchling build -d /dist -t wheel \
 && /opt/casabricks/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin casabricks
COPY --from=build /opt/casabricks /opt/casabricks
ENV PATH=/opt/casabricks/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001
CMD ["casabricks", "serve"]

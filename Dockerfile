# docker build -t signlet .
# docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/model.onnx:/model/model.onnx:ro" \
#     --memory 2g --stop-timeout 40 signlet
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY building building
COPY src src
RUN pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt ".[serve]"

FROM python:3.11-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "signlet[serve]" \
    && useradd --system --no-create-home --shell /usr/sbin/nologin signlet
USER signlet
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["signlet", "serve"]
CMD ["/model/model.onnx", "--host", "0.0.0.0"]

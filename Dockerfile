# The gateway and nothing else, as a user without rights. Build: docker build -t weighbridge .
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml requirements.lock README.md ./
COPY scripts/install-app scripts/install-app
COPY src src
ARG EXTRAS=
RUN EXTRAS=$EXTRAS scripts/install-app /opt/weighbridge

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/weighbridge --create-home --shell /usr/sbin/nologin weighbridge
COPY --from=build /opt/weighbridge /opt/weighbridge
ENV PATH=/opt/weighbridge/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/weighbridge
EXPOSE 4141
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:4141/healthz', timeout=2)"]
ENTRYPOINT ["weighbridge"]
CMD ["serve", "--host", "0.0.0.0", "--config", "/etc/weighbridge/weighbridge.yaml"]

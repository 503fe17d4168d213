# Two stages: what is needed to install stays behind.
FROM python:3.13-slim AS build
WORKDIR /source
RUN python3 -m venv --without-pip /opt/sandbox
COPY . .
RUN pip --python /opt/sandbox/bin/python3 install --no-cache-dir -c constraints.txt '.[tls]'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Segment Sandbox" \
      org.opencontainers.image.description="The bank's customer-segment API on your own machine" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/sandbox /opt/sandbox
# Mount your own over it: -v "$PWD/my-scenarios:/scenarios:ro". What ships lies below, inside of the package.
WORKDIR /scenarios
# Beyond loopback the control API wants a token: set SANDBOX_CONTROL_TOKEN, or read it in the log.
ENV PATH=/opt/sandbox/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SANDBOX_HOST=0.0.0.0 \
    SANDBOX_SCENARIOS=/scenarios
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["segment-sandbox", "health"]
ENTRYPOINT ["segment-sandbox"]
CMD ["serve"]

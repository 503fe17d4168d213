# Two stages: what is needed to install stays behind.
FROM python:3.13-slim AS build
COPY . /source
RUN python -m venv /opt/sandbox \
 && /opt/sandbox/bin/pip install --no-cache-dir -c /source/constraints.txt /source \
 && /opt/sandbox/bin/python -m compileall -q /opt/sandbox

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Segment Sandbox" \
      org.opencontainers.image.description="The bank's customer-segment API on your own machine" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/sandbox /opt/sandbox
COPY scenarios /scenarios
# Beyond loopback the control API wants a token: set SANDBOX_CONTROL_TOKEN, or read it in the log.
ENV PATH=/opt/sandbox/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SANDBOX_HOST=0.0.0.0 \
    SANDBOX_SCENARIOS=/scenarios
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["segment-sandbox", "health"]
ENTRYPOINT ["segment-sandbox"]
CMD ["serve"]

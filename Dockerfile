# SPDX-License-Identifier: Apache-2.0
# The gateway as an image: built on Debian 12, run as a user without a name in the host, no shell needed.
# The image also holds Mosquitto, so that one image serves both containers of a site (docs/how-to/container.md).
#
#   docker build -t frugal --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .

FROM debian:bookworm-slim AS build
WORKDIR /src
# The packages change rarely: their layer is kept while sources change.
COPY scripts/bootstrap scripts/bootstrap
COPY scripts/lib scripts/lib
RUN CI=true scripts/bootstrap build
COPY . .
ARG JOBS=2
RUN cmake --preset release -DFRUGAL_BUILD_TESTS=OFF -DFRUGAL_BUILD_BENCHES=OFF \
    && cmake --build --preset release --parallel "${JOBS}" \
    && DESTDIR=/out cmake --install build --prefix /usr --strip \
    && scripts/bootstrap --list runtime > /out/runtime-packages

FROM debian:bookworm-slim
COPY --from=build /out/runtime-packages /tmp/runtime-packages
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive xargs -a /tmp/runtime-packages apt-get install -y -qq --no-install-recommends \
    && rm -rf /var/lib/apt/lists/* /tmp/runtime-packages \
    && groupadd --gid 65532 frugal \
    && useradd -K UID_MAX=65535 --uid 65532 --gid 65532 --home-dir /var/lib/frugal --no-create-home --shell /usr/sbin/nologin frugal \
    && install -d -o frugal -g frugal -m 0700 /var/lib/frugal \
    && install -d -o frugal -g frugal -m 0750 /run/frugal /run/frugal-broker
COPY --from=build /out/usr /usr

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="frugal" \
      org.opencontainers.image.description="Edge gateway for fleets of microcontrollers that run tiny machine-learning models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

USER 65532:65532
VOLUME ["/var/lib/frugal"]
EXPOSE 8443 8883
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["frugalctl", "health"]
ENTRYPOINT ["frugald"]
CMD ["--config", "/var/lib/frugal/frugal.toml"]

# SPDX-License-Identifier: Apache-2.0
# The image of Gatehouse: Debian, one binary, no root. `make image-test` runs these steps without a container engine.
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts scripts
RUN apt-get update -qq && scripts/install-packages build && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache scripts/build release gatehouse && strip build/release/gatehouse

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates libc-ares2 libcpp-httplib0.11 libfmt9 libmimalloc2.0 libnghttp2-14 libre2-9 libspdlog1.10 libssl3 libstdc++6 libyaml-cpp0.7 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY --from=build /src/build/release/gatehouse /usr/local/bin/gatehouse
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/gatehouse"]
CMD ["run", "--kubernetes"]

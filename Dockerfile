# One image for both processes: the TypeScript sources run directly on Node 24, nothing is built.
# Not run by this repository's tests, which only parse it.
FROM node:24.21.0-bookworm-slim AS runtime
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./
RUN npm install --omit=dev --ignore-scripts
COPY shared shared
COPY coordinator coordinator
COPY shard-agent shard-agent
RUN mkdir -p /var/lib/riskshard && chown node:node /var/lib/riskshard
USER node
ENTRYPOINT ["node"]
CMD ["coordinator/main.ts", "--config", "/etc/riskshard/coordinator.yaml"]

# The local world in one container, for a look without Node on the host.
FROM node:24.21.0-bookworm-slim AS world
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
COPY . .
RUN npm install
ENTRYPOINT ["npm", "start", "--"]
CMD ["--minutes", "3"]

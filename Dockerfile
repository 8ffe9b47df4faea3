# Node 24 is the npm package `node`, so that the container runs the version that the tests used.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A mounted volume takes its owner from this folder.
RUN install -d -o node -g node /var/lib/partner-portal
USER node
EXPOSE 3500
CMD ["node", "dist/src/main.js"]

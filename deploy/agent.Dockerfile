# An agent and its broker in one container, as two users: the broker starts as root and reads the token, the program is `agent`.
#
#   docker build -f deploy/agent.Dockerfile -t mayor .
#   docker run -d --init --restart always -e PORTUNUS_URL=https://plane.example \
#     -v ./mayor.token:/run/secrets/portunus-token:ro mayor
#
# The token's file belongs to root, mode 0600. --init reaps what the program leaves behind. A rotation: write the new token into
# the same file (a mount of one file does not follow a rename; mount its folder if you replace it by one).

FROM portunus AS portunus

FROM python:3-slim-bookworm
RUN pip install --no-cache-dir anthropic && useradd --create-home --home-dir /srv/agent agent
COPY --from=portunus /usr/local/bin/portunus /usr/local/bin/portunus
COPY agent.py /srv/agent/agent.py
WORKDIR /srv/agent
STOPSIGNAL SIGTERM
ENTRYPOINT ["portunus", "run", "--agent", "mayor", "--as", "agent", "--token-file", "/run/secrets/portunus-token", "--"]
CMD ["python", "agent.py"]

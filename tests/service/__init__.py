"""A desk as a service: what systemd, Prometheus and logrotate have to do with it, and how it is installed."""

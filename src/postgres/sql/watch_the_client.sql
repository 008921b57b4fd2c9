-- The server looks whether the client is still there, also in the middle of a statement, and ends the session
-- where it is not. Settings that this server or its system does not have are left out.
SELECT set_config(s.name, w.value, false)
FROM pg_settings AS s
JOIN (VALUES ('client_connection_check_interval', '1s'),
             ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'))
     AS w (name, value) ON s.name = w.name AND s.context = 'user'

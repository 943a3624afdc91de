-- A message past its end fails for whoever took it, too, however long it would have been hidden from the next reader.

UPDATE deliveries SET fails_at = min(fails_at, (SELECT expires_at FROM messages WHERE seq = message))
    WHERE state = 'delivered';

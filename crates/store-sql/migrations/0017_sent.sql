-- What senders follow: their own messages, newest first, and what failed without anybody looking at each delivery.

CREATE INDEX messages_of_sender ON messages (sender_kind, sender_id);
CREATE INDEX messages_to_all_by_end ON messages (expires_at) WHERE to_all = 1;
CREATE INDEX deliveries_of_the_gone ON deliveries (recipient) WHERE reason = 'recipient_deleted';

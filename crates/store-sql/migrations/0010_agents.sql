-- Tokens with an end of their own; agents with a display name, and archived ones.

-- When the token is over, whatever becomes of it until then. An expired one keeps its place until it is rotated.
ALTER TABLE tokens ADD COLUMN expires_at INTEGER;

-- The same moment of the token that a family was exchanged from: nothing minted by it may last longer.
ALTER TABLE families ADD COLUMN token_expires_at INTEGER;

-- What people call the agent.
ALTER TABLE agents ADD COLUMN display_name TEXT;
-- Its name stays taken; it has no living tokens and no families.
ALTER TABLE agents ADD COLUMN archived_at INTEGER;

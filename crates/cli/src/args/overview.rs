//! The help of `portunus` itself: every command in its place, examples, environment, exit codes.

pub(super) const OVERVIEW: &str = "\
{about}

{usage-heading} {usage}

Run a plane:
  serve        Run the plane: the control API and the model door on one address
  demo         Watch a fleet keep working while its provider keys are limited

Administer it:
  agents       Create, list, show and delete agents
  operators    Create, list, change and delete operators
  tokens       Rotate, revoke and list tokens
  token        Exchange a token for an access token, look at one, end one
  signing      List and rotate the keys that sign access tokens
  pools        List, create and change pools of provider keys
  keys         Add provider keys, see how they fare, switch and remove them
  import       Take over agents with the tokens that they have, and provider keys
  budgets      Limit what agents and pools may use, and see what is left
  sources      See where failed credentials came from, and lift penalties
  audit        Read, export and verify the record of what happened
  alarms       See what people should look at, and acknowledge it
  log-level    Show or change what the plane logs
  reload       Have the plane read its configuration again
  backup       Copy the database of a living plane into a file
  restore      Put a backup in the place of a stopped plane's database

Talk:
  boards       Create, list, read and change boards
  send         Write a message to a board or to an agent
  inbox        Take messages out of your inbox, wait for them, follow it
  messages     See what became of a message, and acknowledge messages
  notify       Tell operators something, as an agent
  notifications  List what agents want operators to know, and mark it as read

Understand it:
  explain      Tell the story of one request: keys, waits, attempts, cost
  decisions    List or follow what became of requests
  usage        Show what was used: requests, tokens and money
  prices       Show what tokens cost, and where each price comes from

Run agents:
  run          Run a program as an agent, with a broker beside it that holds its token

Find your way:
  top          Watch the plane live: keys, agents, queues, decisions
  status       Show the plane at a glance
  doctor       Check machine, plane, keys and upstreams, and say how to mend them
  whoami       Show who your token proves
  heartbeat    Say that the agent lives whose token this is
  login        Save an address and a token for the other commands
  logout       Forget them
  completions  Print completions for your shell
  help         Print the help of a command

{options}{after-help}";

pub(super) const EXAMPLES: &str = "
Examples:
  Start a plane on this machine and keep the first operator's token in a file:
    portunus serve --operator-token-file operator.token

  Sign in, then give the plane a provider key without showing it to anybody:
    portunus login < operator.token
    printf %s \"$ANTHROPIC_API_KEY\" | portunus keys add --pool anthropic --label main

  Create an agent; it keeps its SDK and changes the base URL and the key:
    portunus agents create mayor

Environment:
  PORTUNUS_URL, PORTUNUS_TOKEN  where the plane is and who you are; they win over `portunus login`
  PORTUNUS_PIN                  the only certificate that the plane may have, sha256:...; commas between several
  NO_COLOR                      no colours, even on a terminal

Exit codes: 1 failure, 2 usage, 3 authentication, 4 not found, 5 conflict, 6 limited.
";

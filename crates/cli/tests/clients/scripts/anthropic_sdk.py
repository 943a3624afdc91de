"""The Anthropic Python SDK, used as its README shows, with the plane's address and an agent's token alone."""

import asyncio
import threading

import anthropic
from conversation import LARGE, PIXEL, TOKEN, URL, Counter, raises, run, timed

MODEL = "claude-sonnet-4-5"
TOOL = {
    "name": "weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def client(token=TOKEN, retries=0, counter=None):
    extra = {}
    if counter:
        extra["http_client"] = anthropic.DefaultHttpxClient(event_hooks={"request": [counter]})
    return anthropic.Anthropic(base_url=URL, api_key=token, max_retries=retries, **extra)


def ask(text="hello", **more):
    turns = more.pop("messages", [{"role": "user", "content": text}])
    return dict(model=MODEL, max_tokens=64, messages=turns, **more)


def plain():
    message = client().messages.create(**ask())
    assert message.content[0].text == "You said: hello", message
    assert message.usage.output_tokens > 0


def plain_async():
    async def call():
        async with anthropic.AsyncAnthropic(base_url=URL, api_key=TOKEN, max_retries=0) as a:
            return await a.messages.create(**ask())

    assert asyncio.run(call()).stop_reason == "end_turn"


def raw_stream():
    events = [event.type for event in client().messages.create(stream=True, **ask())]
    assert events[0] == "message_start" and events[-1] == "message_stop", events


def stream_helper():
    with client().messages.stream(**ask()) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "You said: hello", text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens > 1, final


def tool_use():
    turns = [{"role": "user", "content": "hello"}]
    wanted = dict(tools=[TOOL], tool_choice={"type": "any"})
    first = client().messages.create(**ask(messages=turns, **wanted))
    call = first.content[0]
    assert first.stop_reason == "tool_use" and call.input == {"city": "Paris"}, first
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sun"}
    turns += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    assert client().messages.create(**ask(messages=turns, tools=[TOOL])).stop_reason == "end_turn"


def tool_use_streamed():
    with client().messages.stream(**ask(tools=[TOOL], tool_choice={"type": "any"})) as stream:
        final = stream.get_final_message()
    assert final.content[0].input == {"city": "Paris"}, final


def image(data=PIXEL):
    source = {"type": "base64", "media_type": "image/png", "data": data}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "look"}]
    message = client().messages.create(**ask(messages=[{"role": "user", "content": content}]))
    assert message.content[0].text == "You said: look"
    assert message.usage.input_tokens * 4 > len(data), "the image did not arrive whole"


def large_image():
    image(LARGE)


def count_tokens():
    turns = [{"role": "user", "content": "hello"}]
    assert client().messages.count_tokens(model=MODEL, messages=turns).input_tokens > 0


def models():
    assert MODEL in [model.id for model in client().models.list()]
    assert client().models.retrieve(MODEL).id == MODEL


def unnoticed():
    """Whatever happens to single keys, without one retry of the SDK."""
    for _ in range(4):
        plain()
        stream_helper()


def waits_for_the_reset():
    """A plain call and a stream at once, while every key rests."""
    seconds = []

    def timed_call(part):
        try:
            seconds.append(timed(part)[1])
        except Exception as error:
            seconds.append(error)

    parts = [threading.Thread(target=timed_call, args=(part,)) for part in (plain, stream_helper)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    assert all(isinstance(s, float) and s > 0.8 for s in seconds), seconds


def stream_waits_long():
    """Long enough that the answer has begun and pings keep it open."""
    _, seconds = timed(stream_helper)
    assert seconds > 10, seconds


def repeats_under_a_key():
    """The SDK gives its first tries up; the last one finds the answer that the first asked for."""
    counter = Counter()
    create = client(retries=5, counter=counter).messages.create
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    message = create(**ask(timeout=1, extra_headers=key))
    assert message.content[0].text == "You said: hello", message
    assert counter.requests > 1, counter.requests


def bad_token():
    counter = Counter()
    mangled = TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")
    call = client(mangled, retries=2, counter=counter).messages.create
    error = raises(anthropic.AuthenticationError, lambda: call(**ask()))
    assert error.body["error"]["type"] == "authentication_error", error.body
    assert counter.requests == 1, counter.requests


def unknown_path():
    counter = Counter()
    get = client(retries=2, counter=counter).get
    raises(anthropic.NotFoundError, lambda: get("/v1/organizations/me", cast_to=object))
    assert counter.requests == 1, counter.requests


run(
    {
        "calm": [
            plain,
            plain_async,
            raw_stream,
            stream_helper,
            tool_use,
            tool_use_streamed,
            image,
            large_image,
            count_tokens,
            models,
            bad_token,
            unknown_path,
        ],
        "trouble": [unnoticed],
        "wait": [waits_for_the_reset],
        "twice": [repeats_under_a_key],
        "long_wait": [stream_waits_long],
    }
)

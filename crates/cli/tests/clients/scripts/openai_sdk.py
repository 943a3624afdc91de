"""The OpenAI Python SDK, used as its README shows, with the plane's address and an agent's token alone."""

import asyncio
import threading

import openai
from conversation import LARGE, PIXEL, TOKEN, URL, Counter, raises, run, timed

MODEL = "gpt-5"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "weather", "description": "The weather of a city", "parameters": SCHEMA}
TURNS = [{"role": "user", "content": "hello"}]


def client(token=TOKEN, retries=0, counter=None):
    extra = {}
    if counter:
        extra["http_client"] = openai.DefaultHttpxClient(event_hooks={"request": [counter]})
    return openai.OpenAI(base_url=f"{URL}/v1", api_key=token, max_retries=retries, **extra)


def chat():
    answer = client().chat.completions.create(model=MODEL, messages=TURNS)
    assert answer.choices[0].message.content == "You said: hello", answer
    assert answer.usage.total_tokens > 0


def chat_async():
    async def call():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=TOKEN, max_retries=0) as a:
            return await a.chat.completions.create(model=MODEL, messages=TURNS)

    assert asyncio.run(call()).choices[0].finish_reason == "stop"


def chat_stream():
    """Without asking for usage no chunk may come without choices: plain loops index the first."""
    chunks = list(client().chat.completions.create(model=MODEL, messages=TURNS, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "You said: hello", text
    assert all(chunk.usage is None for chunk in chunks)


def chat_stream_with_usage():
    usage = {"include_usage": True}
    create = client().chat.completions.create
    chunks = list(create(model=MODEL, messages=TURNS, stream=True, stream_options=usage))
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0, chunks[-1]


def chat_stream_helper():
    with client().chat.completions.stream(model=MODEL, messages=TURNS) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "You said: hello", final


def chat_tool():
    tools = [{"type": "function", "function": FUNCTION}]
    wanted = dict(model=MODEL, messages=TURNS, tools=tools, tool_choice="required")
    answer = client().chat.completions.create(**wanted)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.arguments == '{"city":"Paris"}', call
    turns = TURNS + [answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sun"}]
    again = client().chat.completions.create(model=MODEL, messages=turns, tools=tools)
    assert again.choices[0].finish_reason == "stop"
    arguments = ""
    for chunk in client().chat.completions.create(stream=True, **wanted):
        for piece in chunk.choices[0].delta.tool_calls or []:
            arguments += piece.function.arguments or ""
    assert arguments == '{"city":"Paris"}', arguments


def chat_image():
    url = {"url": f"data:image/png;base64,{LARGE}"}
    content = [{"type": "image_url", "image_url": url}, {"type": "text", "text": "look"}]
    turns = [{"role": "user", "content": content}]
    answer = client().chat.completions.create(model=MODEL, messages=turns)
    assert answer.choices[0].message.content == "You said: look"
    assert answer.usage.prompt_tokens * 4 > len(LARGE), "the image did not arrive whole"


def responses():
    answer = client().responses.create(model=MODEL, input="hello")
    assert answer.output_text == "You said: hello", answer


def responses_stream():
    events = list(client().responses.create(model=MODEL, input="hello", stream=True))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))


def responses_stream_helper():
    with client().responses.stream(model=MODEL, input="hello") as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output_text == "You said: hello", final


def responses_tool():
    tools = [{"type": "function", "strict": False, **FUNCTION}]
    wanted = dict(model=MODEL, input="hello", tools=tools, tool_choice="required")
    call = client().responses.create(**wanted).output[0]
    assert call.type == "function_call" and call.arguments == '{"city":"Paris"}', call
    with client().responses.stream(**wanted) as stream:
        final = stream.get_final_response()
    assert final.output[0].arguments == '{"city":"Paris"}', final


def responses_image():
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    content = [picture, {"type": "input_text", "text": "look"}]
    answer = client().responses.create(model=MODEL, input=[{"role": "user", "content": content}])
    assert answer.output_text == "You said: look"


def responses_input_tokens():
    assert client().responses.input_tokens.count(model=MODEL, input="hello").input_tokens > 0


def embeddings():
    """The SDK asks for base64 and decodes it by itself."""
    answer = client().embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert [list(item.embedding) for item in answer.data] == [[0.25, -0.5, 1.0]] * 2, answer


def models():
    assert MODEL in [model.id for model in client().models.list()]
    assert client().models.retrieve(MODEL).id == MODEL


STREAMS = [chat_stream, responses_stream_helper]


def unnoticed():
    """Whatever happens to single keys, without one retry of the SDK."""
    for _ in range(3):
        for part in [chat, responses, *STREAMS]:
            part()


def at_once(parts, at_least):
    """Runs the parts side by side; each must succeed, and take its time."""
    seconds = []

    def timed_call(part):
        try:
            seconds.append(timed(part)[1])
        except Exception as error:
            seconds.append(error)

    threads = [threading.Thread(target=timed_call, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(s, float) and s > at_least for s in seconds), seconds


def waits_for_the_reset():
    """Plain calls and streams at once, while every key rests."""
    at_once([chat, *STREAMS], 0.8)


def streams_wait_long():
    """Long enough that the answers have begun and signs of life keep them open; the helper reads them strictest."""
    at_once(STREAMS, 10)


def repeats_under_a_key():
    """The SDK gives its first tries up; the last one finds the answer that the first asked for."""
    counter = Counter()
    create = client(retries=5, counter=counter).chat.completions.create
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    answer = create(model=MODEL, messages=TURNS, timeout=1, extra_headers=key)
    assert answer.choices[0].message.content == "You said: hello", answer
    assert counter.requests > 1, counter.requests


def bad_token():
    counter = Counter()
    mangled = TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")
    call = client(mangled, retries=2, counter=counter).chat.completions.create
    raises(openai.AuthenticationError, lambda: call(model=MODEL, messages=TURNS))
    assert counter.requests == 1, counter.requests


def unknown_path():
    counter = Counter()
    get = client(retries=2, counter=counter).get
    raises(openai.NotFoundError, lambda: get("/organization/users", cast_to=object))
    assert counter.requests == 1, counter.requests


run(
    {
        "calm": [
            chat,
            chat_async,
            chat_stream,
            chat_stream_with_usage,
            chat_stream_helper,
            chat_tool,
            chat_image,
            responses,
            responses_stream,
            responses_stream_helper,
            responses_tool,
            responses_image,
            responses_input_tokens,
            embeddings,
            models,
            bad_token,
            unknown_path,
        ],
        "trouble": [unnoticed],
        "wait": [waits_for_the_reset],
        "long_wait": [streams_wait_long],
        "twice": [repeats_under_a_key],
    }
)

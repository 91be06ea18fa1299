/** Anthropic messages and Gemini, as far as the scripted service needs them: one tool call or one text per answer, with its usage. */
import { z } from 'zod';
import { isStreamed, item, json, type Protocol, type StreamEvent, stream, textOf } from './scripted-llm-wire.ts';

const messagesRequest = z.looseObject({
  messages: z.array(z.looseObject({ content: z.union([z.string(), z.array(item)]) })),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** Anthropic's `POST …/messages`. */
export const messages: Protocol = {
  read: (body) => {
    const { messages: said, tools } = messagesRequest.parse(body);
    const parts = said.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    return {
      text: textOf(said),
      results: parts.filter(({ type }) => type === 'tool_result').length,
      tools: tools.map(({ name }) => ({ name, isFreeform: false, namespace: null })),
    };
  },
  write: (served, body, _path, response) => {
    const { input, cachedInput, output } = served.usage;
    const usage = {
      ...{ input_tokens: input - cachedInput, cache_read_input_tokens: cachedInput },
      ...{ cache_creation_input_tokens: 0, output_tokens: output },
    };
    const call = 'call' in served ? served.call : null;
    const said = 'say' in served ? served.say : '';
    const reason = call === null ? 'end_turn' : 'tool_use';
    const block =
      call === null
        ? { type: 'text', text: said }
        : { type: 'tool_use', id: call.id, name: call.name, input: call.input };
    const message = { id: `msg_${input}`, type: 'message', role: 'assistant', model: 'scripted', stop_sequence: null };
    if (!isStreamed(body)) {
      json(response, { ...message, content: [block], stop_reason: reason, usage });
      return;
    }
    const event = (name: string, rest: object): StreamEvent => ({ name, data: { type: name, ...rest } });
    const delta =
      call === null
        ? { type: 'text_delta', text: said }
        : { type: 'input_json_delta', partial_json: JSON.stringify(call.input) };
    stream(response, [
      event('message_start', {
        message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
      }),
      event('content_block_start', {
        index: 0,
        content_block: call === null ? { type: 'text', text: '' } : { ...block, input: {} },
      }),
      event('content_block_delta', { index: 0, delta }),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: output } }),
      event('message_stop', {}),
    ]);
  },
};

const geminiRequest = z.looseObject({
  contents: z.array(z.looseObject({ parts: z.array(z.looseObject({ functionResponse: z.unknown().optional() })) })),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
});

/** Gemini's `POST …:streamGenerateContent` and `POST …:generateContent`. */
export const gemini: Protocol = {
  read: (body) => {
    const { contents, tools } = geminiRequest.parse(body);
    const parts = contents.flatMap((content) => content.parts);
    return {
      text: textOf(contents),
      results: parts.filter((part) => part.functionResponse !== undefined).length,
      tools: tools.flatMap(({ functionDeclarations }) =>
        functionDeclarations.map(({ name }) => ({ name, isFreeform: false, namespace: null })),
      ),
    };
  },
  write: (served, _body, path, response) => {
    const { input, cachedInput, output } = served.usage;
    const part =
      'call' in served ? { functionCall: { name: served.call.name, args: served.call.input } } : { text: served.say };
    const answer = {
      candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: {
        ...{ promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output },
        cachedContentTokenCount: cachedInput,
      },
      modelVersion: 'scripted',
    };
    if (path.endsWith(':generateContent')) json(response, answer);
    else stream(response, [{ data: answer }]);
  },
};

/** Chat completions and responses, as far as the scripted service needs them: one tool call or one text per answer, with its usage. */
import { z } from 'zod';
import type { OfferedTool } from './scripted-llm-tools.ts';
import { isStreamed, item, json, type Protocol, type StreamEvent, stream, textOf } from './scripted-llm-wire.ts';

const id = 'scripted-1';

const chatRequest = z.looseObject({
  messages: z.array(item),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
});

/** `POST …/chat/completions`. */
export const chatCompletions: Protocol = {
  read: (body) => {
    const { messages: said, tools } = chatRequest.parse(body);
    return {
      text: textOf(said),
      results: said.filter(({ role }) => role === 'tool').length,
      tools: tools.map((tool) => ({ name: tool.function.name, isFreeform: false, namespace: null })),
    };
  },
  write: (served, body, _path, response) => {
    const { input, cachedInput, output } = served.usage;
    const usage = {
      ...{ prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
      prompt_tokens_details: { cached_tokens: cachedInput },
    };
    const call = 'call' in served ? served.call : null;
    const message = {
      role: 'assistant',
      content: 'say' in served ? served.say : null,
      ...(call === null
        ? {}
        : {
            tool_calls: [
              {
                index: 0,
                id: call.id,
                type: 'function',
                function: { name: call.name, arguments: JSON.stringify(call.input) },
              },
            ],
          }),
    };
    const reason = call === null ? 'stop' : 'tool_calls';
    const head = { id, created: 1, model: 'scripted' };
    if (!isStreamed(body)) {
      json(response, {
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: reason }],
        usage,
      });
      return;
    }
    const chunk = (rest: object): StreamEvent => ({ data: { ...head, object: 'chat.completion.chunk', ...rest } });
    const events = [
      chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] }),
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }),
      chunk({ choices: [], usage }),
    ];
    stream(response, events, 'data: [DONE]\n\n');
  },
};

const responsesTool = z.looseObject({ type: z.string(), name: z.string().optional() });
const responsesTools = z.array(z.looseObject({ ...responsesTool.shape, tools: z.array(responsesTool).optional() }));
const responsesRequest = z.looseObject({
  // Newer models are told of their tools in the conversation.
  input: z.array(z.looseObject({ ...item.shape, tools: responsesTools.optional() })),
  tools: responsesTools.default([]),
});

/** `POST …/responses`. */
export const responses: Protocol = {
  read: (body) => {
    const { input, tools } = responsesRequest.parse(body);
    const groups = [...tools, ...input.flatMap((one) => one.tools ?? [])].map((tool) =>
      tool.tools === undefined
        ? { namespace: null, tools: [tool] }
        : { namespace: tool.name ?? null, tools: tool.tools },
    );
    const offered = groups.flatMap((group) =>
      group.tools.flatMap(({ type, name }): OfferedTool[] =>
        name === undefined ? [] : [{ name, isFreeform: type === 'custom', namespace: group.namespace }],
      ),
    );
    return {
      text: textOf(input.filter(({ type }) => type !== 'additional_tools')),
      results: input.filter(({ type }) => type?.endsWith('call_output') === true).length,
      tools: offered,
    };
  },
  write: (served, _body, _path, response) => {
    const { input, cachedInput, output } = served.usage;
    const usage = {
      ...{ input_tokens: input, output_tokens: output, total_tokens: input + output },
      ...{ input_tokens_details: { cached_tokens: cachedInput }, output_tokens_details: { reasoning_tokens: 0 } },
    };
    const call = 'call' in served ? served.call : null;
    const said = 'say' in served ? served.say : '';
    const named =
      call === null
        ? {}
        : {
            ...{ call_id: call.id, name: call.name },
            ...(call.namespace === null ? {} : { namespace: call.namespace }),
          };
    const done =
      call === null
        ? {
            type: 'message',
            id: 'msg_1',
            status: 'completed',
            role: 'assistant',
            content: [{ type: 'output_text', text: said }],
          }
        : typeof call.input === 'string'
          ? { type: 'custom_tool_call', id: 'ctc_1', status: 'completed', ...named, input: call.input }
          : {
              type: 'function_call',
              id: 'fc_1',
              ...named,
              arguments: JSON.stringify(call.input),
            };
    const begun = {
      ...done,
      ...('content' in done ? { content: [] } : 'input' in done ? { input: '' } : { arguments: '' }),
    };
    const event = (name: string, rest: object): StreamEvent => ({ name, data: { type: name, ...rest } });
    stream(response, [
      event('response.created', { response: { id, created_at: 1, model: 'scripted' } }),
      event('response.output_item.added', { output_index: 0, item: begun }),
      ...(call === null
        ? [event('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: said })]
        : []),
      event('response.output_item.done', { output_index: 0, item: done }),
      event('response.completed', { response: { id, usage } }),
    ]);
  },
};

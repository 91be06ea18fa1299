/**
 * Posts an event to a web address, in the form that ntfy, Slack or a program of one's own reads. The address is a secret: whoever knows it
 * can post. Nothing here gives it away but for its host.
 */
import { errnoOf, messageOf } from '../../errors/lab-error.ts';
import { type EventName, type LabEvent, renderDocument, renderText, renderTitle } from './event.ts';

/** How a body is made. */
export type WebhookShape = 'ntfy' | 'slack' | 'json';

/** What is posted. */
export interface WebhookMessage {
  headers: Record<string, string>;
  body: string;
}

/** What came of it. */
export interface WebhookAnswer {
  ok: boolean;
  /** "HTTP 200", or why no answer came; names no address. */
  detail: string;
  /** First 300 characters of the answer; null where none came. May repeat what was sent: not for the log. */
  body: string | null;
  /** How often it was posted. */
  tries: number;
}

/** Times of a webhook, milliseconds. */
export interface WebhookTimes {
  /** Longest time for one answer. */
  limitMs: number;
  /** Pause before each further try. */
  pausesMs: readonly number[];
}

/** 10 s for an answer, two further tries. */
export const webhookTimes: WebhookTimes = { limitMs: 10_000, pausesMs: [1000, 4000] };

const ntfyLook: Record<EventName, { tags: string; priority: string }> = {
  done: { tags: 'white_check_mark', priority: '3' },
  failed: { tags: 'x', priority: '4' },
  'queue-empty': { tags: 'checkered_flag', priority: '3' },
  'device-idle': { tags: 'zzz', priority: '3' },
};

/** The address as it may be shown: "https://ntfy.sh/…". */
export function maskUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed === null || !isWeb(parsed)
    ? 'an address that is no http(s) URL'
    : `${parsed.protocol}//${parsed.host}/…`;
}

/** The event as the receiver wants it. */
export function renderMessage(event: LabEvent, root: string, shape: WebhookShape): WebhookMessage {
  const title = renderTitle(event);
  const text = renderText(event, root);
  if (shape === 'ntfy') {
    const { tags, priority } = ntfyLook[event.name];
    return {
      headers: { 'content-type': 'text/plain; charset=utf-8', title: encodeHeader(title), tags, priority },
      body: text,
    };
  }
  const headers = { 'content-type': 'application/json' };
  if (shape === 'json') return { headers, body: JSON.stringify(renderDocument(event, root)) };
  // Slack reads these three as markup: a label must not ping a whole channel.
  const plain = `${title}\n${text}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return { headers, body: JSON.stringify({ text: plain }) };
}

/** A header holds Latin letters only; others are written as mail does it (RFC 2047), which ntfy reads. */
function encodeHeader(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return /^[\x20-\x7e]*$/.test(line) ? line : `=?UTF-8?B?${Buffer.from(line, 'utf8').toString('base64')}?=`;
}

/**
 * Posts the message; tries again where the answer was late, missing, 408, 429 or 5xx. An end by `stop` counts as a failure. Never throws.
 */
export async function postWebhook(
  url: string,
  message: WebhookMessage,
  stop: AbortSignal,
  times: WebhookTimes = webhookTimes,
): Promise<WebhookAnswer> {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !isWeb(target))
    return { ok: false, detail: 'notify.url is no http(s) URL', body: null, tries: 0 };
  const headers = { ...message.headers };
  if (target.username !== '') {
    // fetch refuses an address with a name in it.
    const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    target.username = '';
    target.password = '';
  }
  for (let tries = 1; ; tries++) {
    const { answer, isLasting } = await postOnce(target, { headers, body: message.body }, stop, times.limitMs);
    const pause = times.pausesMs[tries - 1];
    if (answer.ok || isLasting || pause === undefined || stop.aborted) return { ...answer, tries };
    await waitUnlessStopped(pause, stop);
    if (stop.aborted) return { ...answer, tries };
  }
}

type Posted = { answer: Omit<WebhookAnswer, 'tries'>; isLasting: boolean };

async function postOnce(target: URL, message: WebhookMessage, stop: AbortSignal, limitMs: number): Promise<Posted> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: message.headers,
      body: message.body,
      // Followed, a POST becomes a GET, and the message would be lost with a good answer.
      redirect: 'manual',
      signal: AbortSignal.any([limit, stop]),
    });
    const body = (await response.text()).slice(0, 300);
    const { status } = response;
    return {
      answer: { ok: response.ok, detail: `HTTP ${status}`, body },
      isLasting: status !== 408 && status !== 429 && status < 500,
    };
  } catch (error) {
    const detail = stop.aborted
      ? 'given up, because the lab ended'
      : limit.aborted
        ? `no answer within ${limitMs / 1000} s`
        : describeFetchError(error, target);
    return { answer: { ok: false, detail, body: null }, isLasting: false };
  }
}

/** What kept the message from getting there. fetch says "fetch failed"; its cause says why. */
function describeFetchError(error: unknown, target: URL): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = errnoOf(cause) ?? messageOf(cause);
  return text.replaceAll(target.href, maskUrl(target.href));
}

const isWeb = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:';

function waitUnlessStopped(pauseMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, pauseMs);
    stop.addEventListener('abort', finish);
  });
}

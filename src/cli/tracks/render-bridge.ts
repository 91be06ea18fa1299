/** A measured bridge as text and as JSON. Pure but for the terminal's colour. */
import { formatWidths } from '../../stats/decision.ts';
import type { Noise } from '../../stats/noise.ts';
import { disarmLine } from '../page.ts';
import { renderTable } from '../render.ts';
import type { MeasuredBridge } from './bridge.ts';

/** The figures of both tracks, each against its own baseline, and the verdict. */
export function renderBridge(bridge: MeasuredBridge): string {
  const { from, to, model, commit, metric, value, baseline, champion, verdict } = bridge;
  const short = commit.slice(0, 7);
  const side = (name: 'from' | 'to') => {
    const against = verdict[name];
    const base = baseline[name];
    const isBaseline = base?.commit === commit;
    return [
      row(name, 'baseline', base?.commit.slice(0, 7) ?? '', base?.noise ?? null, '', ''),
      row(
        name,
        name === 'from' ? 'its champion' : 'that champion here',
        short,
        value[name],
        against === null || isBaseline ? '' : signed(against.difference),
        against?.noiseWidths == null || isBaseline ? '' : formatWidths(against.noiseWidths),
      ),
    ];
  };
  const row = (
    name: 'from' | 'to',
    what: string,
    hash: string,
    noise: Noise | null,
    difference: string,
    widths: string,
  ): string[] => [
    bridge[name].id,
    disarmLine(metric[name]),
    what,
    hash,
    noise === null ? 'none' : noise.mean.toFixed(6),
    noise?.std?.toFixed(6) ?? '',
    noise === null ? '' : String(noise.n),
    difference,
    widths,
  ];
  const own = champion !== null && champion.source !== 'baseline' && champion.commit !== commit ? champion : null;
  const rows = [
    ...side('from'),
    ...side('to'),
    ...(own === null
      ? []
      : [
          [
            to.id,
            disarmLine(metric.to),
            'its champion',
            own.commit.slice(0, 7),
            own.value.toFixed(6),
            '',
            String(own.runs),
            '',
            '',
          ],
        ]),
  ];
  const header = ['track', 'metric', 'what', 'commit', 'mean', 'sd', 'n', 'to its baseline', 'widths'];
  const noise = baseline.to?.noise;
  const bound = verdict.to?.bound ?? null;
  const scale =
    noise?.std == null || bound === null
      ? ''
      : `one noise width under ${to.id} is ${noise.std.toFixed(6)} (${noise.n} baseline runs); luck alone reaches ${bound.toFixed(6)} there\n`;
  return `champion of track ${from.id} under track ${to.id} (the present one), on ${disarmLine(model)}

${renderTable(header, rows, new Set([4, 5, 6, 7, 8]))}
${scale}${verdict.text}
no value of one track is subtracted from one of the other: each is set against the baseline of its own track
`;
}

const signed = (change: number): string => `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(6)}`;

/** The same for programs. */
export function bridgeToJson(bridge: MeasuredBridge, jobs: number[]): Record<string, unknown> {
  const { from, to, model, commit, metric, value, baseline, champion, verdict } = bridge;
  return {
    commit,
    device: model,
    from: { track: from.id, metric: metric.from, value: value.from, baseline: baseline.from, against: verdict.from },
    to: { track: to.id, metric: metric.to, value: value.to, baseline: baseline.to, against: verdict.to, champion },
    jobs,
    verdict: verdict.text,
  };
}

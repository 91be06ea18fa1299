/** The recorded ideas as a whole: numbers, order, ratings and the rules that each text keeps. Not how good they are. */
import { describe, expect, it } from 'vitest';
import { type IdeaCategory, ideaCategories } from '../../domain/idea.ts';
import { type RecordedIdea, recordedIdeas } from './recording.ts';

/** Ratings of the ideas that the recording has code for; the lab picks by them, so they are part of the tour. */
const implementedRatings: Record<string, number> = {
  'longer-contexts': 9,
  'word-pairs': 8.5,
  'longest-contexts': 6,
  'word-so-far': 6,
  'soft-targets': 8,
  'heavy-ball': 8,
  'subject-memory': 8,
  'double-rate': 7.5,
  'constant-rate': 7.5,
  'rare-context-rate': 6,
  'tail-averaging': 6.5,
  'all-skips': 5.5,
  'whole-rewrite': 5,
  'even-sampling': 6.5,
  'drop-order-one': 6.5,
  'weight-decay': 6,
  'symbol-bias': 6.5,
};

const isTurnedAway = ({ critique }: RecordedIdea) => critique.isKnobOnly || critique.duplicateOf !== null;
const staying = recordedIdeas.filter((idea) => !isTurnedAway(idea));

/** The texts of an idea that a person reads, by the name of their field. */
function textsOf(idea: RecordedIdea): Record<string, string> {
  const { title, refutedBy, hypothesis, mechanism, change, testPlan, sourcesText, critique } = idea;
  return { title, refutedBy, hypothesis, mechanism, change, testPlan, sourcesText, critique: critique.text };
}

/** Sentences end with a stop or another end mark and a blank; "et al. (2016)" and initials do not count. */
function sentencesOf(text: string): string[] {
  return text.split(/(?<=[a-z0-9)"][.?!]) (?=[A-Z"(])/);
}

describe('the recorded ideas', () => {
  it('are 34 that stay, 2 duplicates and 2 that only turn a knob', () => {
    expect(recordedIdeas).toHaveLength(38);
    expect(staying).toHaveLength(34);
    expect(recordedIdeas.filter(({ critique }) => critique.duplicateOf !== null)).toHaveLength(2);
    expect(recordedIdeas.filter(({ critique }) => critique.isKnobOnly)).toHaveLength(2);
  });

  it('have unique slugs that fit a file name and a branch', () => {
    const slugs = recordedIdeas.map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(slugs.length);
    expect(slugs.filter((slug) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug) || slug.length > 40)).toEqual([]);
  });

  it('leave no field empty, keep each text in one line and forge no heading', () => {
    for (const idea of recordedIdeas) {
      for (const [field, text] of Object.entries(textsOf(idea))) {
        expect(text.trim(), `${idea.slug} ${field}`).toBe(text);
        expect(text, `${idea.slug} ${field}`).toMatch(/^[^#\s][^\n]*$/);
      }
      expect(idea.sources.length, idea.slug).toBeGreaterThan(0);
      expect(
        idea.sources.every((source) => source.trim().length > 0),
        idea.slug,
      ).toBe(true);
      expect(idea.costMinutes, idea.slug).toBeGreaterThan(0);
    }
  });

  it('cover every category at least twice among those that stay', () => {
    const count = (category: IdeaCategory) => staying.filter((idea) => idea.category === category).length;
    expect(ideaCategories.filter((category) => count(category) < 2)).toEqual([]);
  });

  it('state the expected change as a signed figure in val_bpb', () => {
    for (const { slug, expected } of recordedIdeas) expect(expected, slug).toMatch(/^[+-]\d\.\d{3} val_bpb$/);
  });

  it('say enough: a hypothesis of one to three sentences, a mechanism of two to four, a critique of two to five', () => {
    for (const { slug, hypothesis, mechanism, critique } of staying) {
      expect([1, 2, 3], `${slug} hypothesis`).toContain(sentencesOf(hypothesis).length);
      expect([2, 3, 4], `${slug} mechanism`).toContain(sentencesOf(mechanism).length);
      expect([2, 3, 4, 5], `${slug} critique`).toContain(sentencesOf(critique.text).length);
    }
  });

  it('never use one sentence of more than six words twice', () => {
    const sentences = recordedIdeas.flatMap((idea) => {
      const { sourcesText: _, ...texts } = textsOf(idea);
      return Object.values(texts)
        .flatMap(sentencesOf)
        .filter((sentence) => sentence.split(' ').length > 6);
    });
    expect(sentences.filter((sentence, at) => sentences.indexOf(sentence) !== at)).toEqual([]);
  });

  it('are called a duplicate only of an idea that came earlier and stays', () => {
    recordedIdeas.forEach(({ slug, critique }, at) => {
      if (critique.duplicateOf === null) return;
      const earlier = recordedIdeas.slice(0, at).filter((idea) => !isTurnedAway(idea));
      expect(
        earlier.map((idea) => idea.slug),
        slug,
      ).toContain(critique.duplicateOf);
    });
  });

  it('put those that are turned away in the middle, not next to each other', () => {
    const places = recordedIdeas.flatMap((idea, at) => (isTurnedAway(idea) ? [at + 1] : []));
    expect(places).toEqual([12, 19, 24, 30]);
  });
});

describe('the recorded ratings', () => {
  it('are between 0 and 10 in halves', () => {
    for (const { slug, critique } of recordedIdeas) {
      expect(critique.rating, slug).toBeGreaterThanOrEqual(0);
      expect(critique.rating, slug).toBeLessThanOrEqual(10);
      expect(Number.isInteger(critique.rating * 2), slug).toBe(true);
    }
  });

  it('are the agreed ones for what the recording has code for', () => {
    const ratings = Object.fromEntries(recordedIdeas.map(({ slug, critique }) => [slug, critique.rating]));
    expect(ratings).toMatchObject(implementedRatings);
  });

  it('stay at 6 or below for everything else, and some are bad', () => {
    const others = recordedIdeas.filter(({ slug }) => !(slug in implementedRatings));
    expect(others.filter(({ critique }) => critique.rating > 6).map(({ slug }) => slug)).toEqual([]);
    expect(staying.filter(({ critique }) => critique.rating <= 4).length).toBeGreaterThanOrEqual(3);
  });

  it('a sweep to 30 ideas that stay meets everything that the recording has code for', () => {
    const met = staying.slice(0, 30).map(({ slug }) => slug);
    expect(Object.keys(implementedRatings).filter((slug) => !met.includes(slug))).toEqual([]);
  });
});

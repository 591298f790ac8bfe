import { INT64_MAX, INT64_MIN } from '../../packages/core/src/domain/json/int64.ts';
import { type PlainJson, prettyJson } from '../../packages/core/src/domain/json/pretty.ts';
import { REQUEST_MEMBERS, type RequestMember } from '../../packages/core/src/domain/request/members.ts';

/** The JSON Schema (draft 2020-12) of a request file, as text: the content of `schemas/request.schema.json`. */
export function requestJsonSchema(): string {
  return prettyJson({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:cavra:release-governance:schema:request:1',
    title: 'Release-governance request',
    description:
      'What a job asks the release gate. A request states what is released; who is trusted is for the configuration of the job. An empty string, 0, false and an empty list mean the same as leaving the member out.',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...properties('request'),
      release_governance: {
        description: 'The record of the release that the rules decide on.',
        type: 'object',
        additionalProperties: false,
        properties: properties('record'),
      },
    },
  });
}

function properties(of: RequestMember['of']): Record<string, PlainJson> {
  const members = REQUEST_MEMBERS.filter((member) => member.of === of);
  return Object.fromEntries(members.map((member) => [member.name, property(member)]));
}

function property({ type, description, words }: RequestMember): PlainJson {
  switch (type) {
    case 'string':
      // Any word is valid: what an unknown one means is for the rules. The list is what editors offer.
      return words === undefined
        ? { description, type: 'string' }
        : { description, anyOf: [{ enum: words }, { type: 'string' }] };
    case 'boolean':
      return { description, type: 'boolean' };
    case 'int64':
      return { description, type: 'integer', minimum: INT64_MIN, maximum: INT64_MAX };
    case 'string-list':
      return { description, type: 'array', items: { type: 'string' } };
  }
}

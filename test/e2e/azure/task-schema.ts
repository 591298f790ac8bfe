/**
 * What a task.json of ours may hold, as a JSON Schema: the members that the agent, the service and `tfx` know, in the spelling and with
 * the words that they take. It is closed everywhere, so that a misspelt member, which they would leave unread, is found.
 */
export const TASK_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: [
    ...['$schema', 'id', 'name', 'friendlyName', 'description', 'author', 'category', 'version', 'instanceNameFormat'],
    ...['minimumAgentVersion', 'inputs', 'outputVariables', 'execution', 'restrictions'],
  ],
  properties: {
    $schema: { type: 'string' },
    id: { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
    name: { type: 'string', pattern: '^[A-Za-z0-9-]+$' },
    friendlyName: { type: 'string', minLength: 1, maxLength: 40 },
    description: { type: 'string', minLength: 1 },
    helpUrl: { type: 'string', pattern: '^https://' },
    helpMarkDown: { type: 'string' },
    author: { type: 'string', minLength: 1 },
    category: { enum: ['Build', 'Utility', 'Test', 'Package', 'Deploy'] },
    visibility: { type: 'array', items: { enum: ['Build', 'Release'] }, uniqueItems: true },
    runsOn: { type: 'array', items: { enum: ['Agent', 'DeploymentGroup'] }, uniqueItems: true },
    showEnvironmentVariables: { type: 'boolean' },
    version: {
      type: 'object',
      additionalProperties: false,
      required: ['Major', 'Minor', 'Patch'],
      properties: { Major: natural(), Minor: natural(), Patch: natural() },
    },
    minimumAgentVersion: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
    instanceNameFormat: { type: 'string', minLength: 1 },
    groups: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'displayName'],
        properties: {
          name: name(),
          displayName: { type: 'string', minLength: 1 },
          isExpanded: { type: 'boolean' },
          visibleRule: { type: 'string' },
        },
      },
    },
    inputs: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'label', 'type', 'helpMarkDown'],
        properties: {
          name: name(),
          label: { type: 'string', minLength: 1 },
          type: {
            anyOf: [
              { enum: ['boolean', 'multiLine', 'pickList', 'string'] },
              { type: 'string', pattern: '^connectedService:.+$' },
            ],
          },
          defaultValue: { type: 'string' },
          required: { const: false },
          helpMarkDown: { type: 'string', minLength: 1 },
          groupName: { type: 'string' },
          visibleRule: { type: 'string' },
          options: { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1 },
        },
      },
    },
    outputVariables: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'description'],
        properties: { name: name(), description: { type: 'string', minLength: 1 } },
      },
    },
    execution: {
      type: 'object',
      additionalProperties: false,
      required: ['Node20_1', 'Node24'],
      properties: { Node20_1: handler(), Node24: handler() },
    },
    restrictions: {
      type: 'object',
      additionalProperties: false,
      // Not `commands`: a restricted mode takes no artifacts and no summary.
      required: ['settableVariables'],
      properties: {
        settableVariables: {
          type: 'object',
          additionalProperties: false,
          required: ['allowed'],
          properties: { allowed: { type: 'array', items: name(), uniqueItems: true } },
        },
      },
    },
  },
} as const;

function natural() {
  return { type: 'integer', minimum: 0 } as const;
}

function name() {
  return { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9]*$' } as const;
}

function handler() {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['target'],
    properties: { target: { type: 'string', minLength: 1 } },
  } as const;
}

// A model that follows a script, so that everything but the model can be tried
// without one: the agent's loop, its tools, the gateway, and the servers behind it.
import { type BaseModelConfig, type Message, Model, type ModelStreamEvent, type StreamOptions, type ToolResultBlock } from '@strands-agents/sdk';

// What the servers answer, as far as the script reads it.
interface Answer {
  targets?: { target?: string; state?: string; tools?: { added: { name: string }[] } }[]; // check_drift
  outcome?: string; // synchronize_target
  status?: string; // synchronize_target: of the target; cancelOrder: of the order
}

// What a model sees each time that it is asked.
interface Seen {
  tools: string[]; // that it may call
  answer: Answer; // of the last call
}

type Turn = { call: string; input: object } | { say: string };

// A yield is what the model does; the next time that it is asked, the script goes
// on from there.
function* script(order: number, own: string, seen: Seen): Generator<Turn, never, Seen> {
  const having = (tool: string) => seen.tools.find((name) => name.endsWith(`___${tool}`));

  if (!having('cancelOrder')) {
    seen = yield { call: `${own}___check_drift`, input: {} };
    const waiting = seen.answer.targets?.find((t) => t.state === 'drifted' && t.tools?.added.some(({ name }) => name === 'cancelOrder'));
    if (waiting) seen = yield { call: `${own}___synchronize_target`, input: { target: waiting.target } };
  }
  const cancel = having('cancelOrder');
  if (cancel) {
    seen = yield { call: cancel, input: { orderId: order } };
    seen = yield { say: `Order ${order} is ${seen.answer.status}, by ${cancel}.` };
  } else {
    seen = yield { say: 'No server behind the gateway has a tool that cancels an order.' };
  }

  seen = yield { call: `${own}___synchronize_target`, input: { target: own } };
  const { outcome, status } = seen.answer;
  seen = yield { call: `${own}___list_targets`, input: { details: false } };
  yield { say: `${own} is ${outcome} and ${status}, and answers: ${seen.answer.targets?.length} targets.` };
  throw new Error('the script has ended');
}

export class ScriptedModel extends Model {
  readonly #order: number;
  readonly #own: string;
  #script?: Generator<Turn, never, Seen>;
  #config: BaseModelConfig = { modelId: 'scripted', contextWindowLimit: 200_000 };

  constructor(order: number, own: string) {
    super();
    this.#order = order;
    this.#own = own;
  }

  override updateConfig(config: BaseModelConfig): void {
    this.#config = { ...this.#config, ...config };
  }

  override getConfig(): BaseModelConfig {
    return this.#config;
  }

  override async *stream(messages: Message[], options?: StreamOptions): AsyncIterable<ModelStreamEvent> {
    const result = messages.flatMap((m) => m.content).findLast((block) => block.type === 'toolResultBlock');
    const answer = (result ? jsonOf(result.content) : {}) as Answer;
    const seen = { tools: options?.toolSpecs?.map(({ name }) => name) ?? [], answer };
    this.#script ??= script(this.#order, this.#own, seen);
    const turn = result?.status === 'error' ? { say: `That failed: ${JSON.stringify(answer)}` } : this.#script.next(seen).value;

    yield { type: 'modelMessageStartEvent', role: 'assistant' };
    if ('say' in turn) {
      yield { type: 'modelContentBlockStartEvent' };
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text: turn.say } };
    } else {
      yield { type: 'modelContentBlockStartEvent', start: { type: 'toolUseStart', name: turn.call, toolUseId: `call-${messages.length}` } };
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: JSON.stringify(turn.input) } };
    }
    yield { type: 'modelContentBlockStopEvent' };
    yield { type: 'modelMessageStopEvent', stopReason: 'call' in turn ? 'toolUse' : 'endTurn' };
  }
}

// What a tool answered: the JSON of its text, or the text where it is none.
export function jsonOf(content: ToolResultBlock['content']): unknown {
  const text = content.map((block) => (block.type === 'textBlock' ? block.text : '')).join('');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

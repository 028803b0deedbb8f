// A model that follows a script, so that everything but the model can be tried
// without one: the agent's loop, its tools, and the server behind them.
import { type Message, Model, type BaseModelConfig, type ModelStreamEvent, type ToolResultBlock } from '@strands-agents/sdk';

// What the server answers, as far as the script reads it.
interface ToolList {
  targets: { target: string; tools: { name: string }[] }[];
}

type Turn = { call: string; input: object } | { say: string };

// It lists the gateway's tools, synchronizes every target when the wanted tool
// is missing, and lists them again.
export class ScriptedModel extends Model {
  readonly #wanted: string;
  #config: BaseModelConfig = { modelId: 'scripted', contextWindowLimit: 200_000 };

  constructor(wanted: string) {
    super();
    this.#wanted = wanted;
  }

  override updateConfig(config: BaseModelConfig): void {
    this.#config = { ...this.#config, ...config };
  }

  override getConfig(): BaseModelConfig {
    return this.#config;
  }

  override async *stream(messages: Message[]): AsyncIterable<ModelStreamEvent> {
    const turns = this.#next(messages);
    yield { type: 'modelMessageStartEvent', role: 'assistant' };
    for (const [i, turn] of turns.entries()) {
      if ('say' in turn) {
        yield { type: 'modelContentBlockStartEvent' };
        yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text: turn.say } };
      } else {
        const toolUseId = `call-${messages.length}-${i}`;
        yield { type: 'modelContentBlockStartEvent', start: { type: 'toolUseStart', name: turn.call, toolUseId } };
        yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: JSON.stringify(turn.input) } };
      }
      yield { type: 'modelContentBlockStopEvent' };
    }
    yield { type: 'modelMessageStopEvent', stopReason: turns.some((turn) => 'call' in turn) ? 'toolUse' : 'endTurn' };
  }

  #next(messages: Message[]): Turn[] {
    const results = messages.flatMap((m) => m.content).filter((block) => block.type === 'toolResultBlock');
    const refused = results.find((result) => result.status === 'error');
    if (refused) return [{ say: `That failed: ${JSON.stringify(jsonOf(refused.content))}` }];
    if (results.length === 0) return [{ call: 'list_tools', input: {} }];

    const last = jsonOf(results.at(-1)!.content) as Partial<ToolList>;
    if (!last.targets) return [{ call: 'list_tools', input: {} }]; // it was a synchronization
    const having = last.targets.find((target) => target.tools.some((tool) => tool.name === this.#wanted));
    if (results.length === 1 && !having) {
      return last.targets.map(({ target }) => ({ call: 'synchronize_target', input: { target } }));
    }
    if (!having) return [{ say: `${this.#wanted} is still missing after a synchronization of every target.` }];
    return [{ say: `${having.target} has ${this.#wanted}${results.length > 1 ? ', since its synchronization' : ''}.` }];
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

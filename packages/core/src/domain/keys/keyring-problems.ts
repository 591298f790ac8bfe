import { jsonPointer, printable } from '../json/pointer.ts';
import { describeJson, type JsonObject, type JsonValue } from '../json/value.ts';

/** Member names and list indexes from the root of the document. */
export type Path = readonly (string | number)[];

/** Gathers everything that is wrong in a keyring. Values are never shown: a misplaced one may be a secret. */
export class KeyringProblems {
  readonly #list: string[] = [];

  /** One sentence each, with its JSON Pointer. */
  get list(): readonly string[] {
    return this.#list;
  }

  add(path: Path, problem: string): undefined {
    this.#list.push(`${path.length === 0 ? 'it' : printable(jsonPointer(path))} ${problem}`);
  }

  wrongType(path: Path, expected: string, found: JsonValue | undefined): undefined {
    this.add(path, found === undefined ? 'is missing' : `must be ${expected}, found ${describeJson(found)}`);
  }

  /** Refuses members of other names. */
  refuseOthers(object: JsonObject, names: readonly string[], path: Path): void {
    for (const name of object.names()) {
      if (!names.includes(name)) {
        this.add([...path, name], 'is not a member that is known here');
      }
    }
  }
}

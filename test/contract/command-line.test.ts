import { commandLine } from './front-ends/command-line.ts';
import { holdContract } from './hold-contract.ts';

holdContract(commandLine);

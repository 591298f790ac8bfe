import { commandLine } from './front-ends/command-line.ts';
import { holdContract } from './hold-contract.ts';
import { holdTrust } from './hold-trust.ts';

holdContract(commandLine);
holdTrust(commandLine);

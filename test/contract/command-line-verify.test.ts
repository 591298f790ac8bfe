import { commandLine } from './front-ends/command-line.ts';
import { holdVerifyContract } from './hold-verify-contract.ts';

holdVerifyContract(commandLine);

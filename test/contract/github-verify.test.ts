import { githubAction } from './front-ends/github.ts';
import { holdVerifyContract } from './hold-verify-contract.ts';

holdVerifyContract(githubAction);

import { githubAction } from './front-ends/github.ts';
import { holdContract } from './hold-contract.ts';

holdContract(githubAction);

import { gitlabTemplate } from './front-ends/gitlab.ts';
import { holdContract } from './hold-contract.ts';

holdContract(gitlabTemplate);

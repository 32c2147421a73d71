import { describePort } from '../listener.testkit.js';
import { listen } from './listener.js';

describePort('the main port', listen);

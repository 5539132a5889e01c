// npm run setup: installs and builds; doing it again does only what is missing.
import { setup } from './lib.mjs';

setup();

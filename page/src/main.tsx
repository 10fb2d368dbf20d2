import { render } from 'preact';
import { App } from './app.tsx';
import { collectRequests } from './state/requests.ts';
import { collectSamples } from './state/samples.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/states.css';
import './styles/layout.css';
import './styles/grid.css';
import './styles/content.css';
import './styles/figures.css';

collectRequests();
collectSamples();
render(<App />, document.getElementById('app')!);

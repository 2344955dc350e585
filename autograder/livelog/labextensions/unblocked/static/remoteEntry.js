// JupyterLab (or Notebook 7) loads this file as a compiled extension: a container with the module
// `./extension`. It puts the live log into the right sidebar, and opens it once, when the lesson of
// unit 03 is opened. After that, JupyterLab remembers whether the log is open.
(() => {
  const here = new URL('.', document.currentScript.src).href;
  const ID = 'unblocked-live-log';
  const LESSON = /(^|\/)03_gateway_lesson\.ipynb$/;
  const WIDE = 1000; // pixels: a narrower window has no room for files, lesson and log
  const HEART = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
    <path class="jp-icon3" fill="#616161" d="M8 14 2.2 8.1A3.6 3.6 0 0 1 7.4 3.1L8 3.8l.6-.7a3.6 3.6
      0 0 1 5.2 5zM3 8h2.3L6.6 5.6 8.6 10 9.9 8H13V7H9.3L8.7 8 6.6 3.6 4.7 7H3z"/></svg>`;
  let shared;

  // Use JupyterLab's own copy of a package; copies of other extensions are not used.
  async function ofJupyterLab(name) {
    const copies = Object.values(shared[name]);
    return (await (copies.find(copy => copy.loaded) ?? copies[0]).get())();
  }

  async function plugin() {
    const { Widget } = await ofJupyterLab('@lumino/widgets');
    const { ILayoutRestorer } = await ofJupyterLab('@jupyterlab/application');
    const { IStateDB } = await ofJupyterLab('@jupyterlab/statedb');
    const { LabIcon } = await ofJupyterLab('@jupyterlab/ui-components');
    const { LiveLog } = await import(here + 'log.js');

    class Panel extends Widget {
      constructor(app) {
        super();
        this.app = app;
        this.id = ID;
        this.addClass('unblocked-log');
        this.title.caption = 'Live log of the gateway';
        this.title.icon = new LabIcon({ name: 'unblocked:heart', svgstr: HEART });
        const base = app.serviceManager.serverSettings.wsUrl.replace(/\/?$/, '/');
        this.log = new LiveLog(this.node, base + 'unblocked/gateway-log');
      }
      onAfterShow() {
        if (window.innerWidth < WIDE) {
          this.app.shell.collapseLeft?.();
        }
        this.log.start();
      }
      onAfterHide() {
        this.log.stop();
      }
    }

    function activate(app, restorer, state) {
      const panel = new Panel(app);
      app.shell.add(panel, 'right', { rank: 100 });
      restorer?.add(panel, ID);

      async function openOnce(document) {
        const path = document?.context?.path ?? '';
        if (!LESSON.test(path) || window.innerWidth < WIDE || (await state?.fetch(ID))) {
          return;
        }
        await state?.save(ID, 'was shown');
        app.shell.activateById(ID);
        app.shell.activateById(document.id); // the keyboard focus stays in the lesson
      }
      void app.restored.then(() => {
        void openOnce(app.shell.currentWidget);
        app.shell.currentChanged?.connect((_, change) => void openOnce(change.newValue));
      });
    }

    return { id: 'unblocked:live-log', autoStart: true, optional: [ILayoutRestorer, IStateDB], activate };
  }

  function addStyle() {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = here + 'log.css';
    document.head.append(link);
  }

  (window._JUPYTERLAB ??= {}).unblocked = {
    init(scope) {
      shared = scope;
      addStyle();
    },
    async get() {
      const module = { __esModule: true, default: await plugin() };
      return () => module;
    }
  };
})();

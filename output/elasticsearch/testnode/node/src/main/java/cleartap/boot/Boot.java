package cleartap.boot;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Starts one node inside this process, without the server's own launcher: no bootstrap
 * checks, no second JVM, any user, a start of seconds.
 *
 * Arguments: HOME CONFIG SETTING=VALUE... Once requests are served it prints "ready PORT".
 * It ends when its standard input does, so that it cannot outlive the test that started it.
 */
public final class Boot {
    private Boot() {}

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]);
        Settings.Builder settings = Settings.builder().put("path.home", home);
        for (int i = 2; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", System.getProperty("level", "ERROR")).build());
        LogConfigurator.configureESLogging();

        var environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), Path.of(args[1]), () -> "testnode");
        var modules = PluginsLoader.loadModulesBundles(home.resolve("modules"));
        Node node = new Node(environment, PluginsLoader.createPluginsLoader(modules, Set.of(), Map.of(), false));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        var bound = node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress();
        System.out.println("ready " + bound.getPort());

        System.in.transferTo(OutputStream.nullOutputStream());
        System.exit(0);
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (IOException e) {
            System.err.println("cannot close the node: " + e);
        }
    }
}

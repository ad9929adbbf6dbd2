// One node of a cluster in which each node is a process; the runner's own main starts a whole cluster instead.
// Arguments: node name, HTTP port, comma-separated names of all nodes, then the arguments of the runner.

import java.util.Arrays;
import org.codelibs.opensearch.runner.OpenSearchRunner;

public class OneNode {
    public static void main(String[] arguments) throws InterruptedException {
        new OpenSearchRunner()
                .onBuild((number, settings) -> settings
                        .put("node.name", arguments[0])
                        .put("http.port", arguments[1])
                        .put("discovery.type", "zen")
                        .putList("cluster.initial_cluster_manager_nodes", arguments[2].split(",")))
                .build(Arrays.copyOfRange(arguments, 3, arguments.length));
        Thread.currentThread().join(); // until the process is killed
    }
}

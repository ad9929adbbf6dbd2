// One node of a cluster whose other nodes are processes too; the runner's own main makes it a cluster by itself.
// Arguments: its name, its HTTP port, the names of all nodes with commas between them, then those of the runner.

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
        Thread.currentThread().join(); // until somebody ends the process
    }
}

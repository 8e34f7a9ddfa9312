/* SPDX-License-Identifier: Apache-2.0 */
/* In these texts ' stands for ". */
#include "tests/sim/seed_rows.h"

/* clang-format off */
#define APP(name) "'metadata':{'labels':{'app':'" name "','seed':'shop'}}"
#define POD_SPEC(name, image) \
        "'spec':{'containers':[{'image':'" image "','name':'" name "','resources':{}}]," \
        "'restartPolicy':'Always','serviceAccountName':'shop'}"
#define WORKLOAD(name, image) \
        "'replicas':1,'selector':{'matchLabels':{'app':'" name "'}}," \
        "'template':{'metadata':{'labels':{'app':'" name "'}}," POD_SPEC(name, image) "}"

const struct seed_row seed_rows[] = {
        /* Kubernetes */
        { "nodes", "", "node-1",
          "{'spec':{},'status':{'conditions':[{'type':'Ready','status':'True'}]}}" },
        { "storageclasses", "", "standard",
          "{'provisioner':'rancher.io/local-path','reclaimPolicy':'Delete',"
          "'volumeBindingMode':'WaitForFirstConsumer'}" },
        { "clusterroles", "", "cluster-admin",
          "{'rules':[{'apiGroups':['*'],'resources':['*'],'verbs':['*']},{"
          "'nonResourceURLs':['*'],'verbs':['*']}]}" },
        { "clusterroles", "", "view",
          "{'rules':[{'apiGroups':[''],'resources':['configmaps','pods','services'],"
          "'verbs':['get','list','watch']}]}" },
        { "clusterroles", "", "shop-auditor",
          "{'rules':[{'apiGroups':['apps'],'resources':['deployments'],'verbs':['get']}]}" },
        { "services", "default", "kubernetes",
          "{'spec':{'clusterIP':'10.96.0.1','ports':[{'name':'https','port':443,"
          "'protocol':'TCP','targetPort':6443}],'type':'ClusterIP'}}" },

        /* Velero, as `velero install` leaves it */
        { "clusterrolebindings", "", "velero",
          "{'metadata':{'labels':{'component':'velero'}},'roleRef':{"
          "'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole',"
          "'name':'cluster-admin'},'subjects':[{'kind':'ServiceAccount','name':'velero',"
          "'namespace':'velero'}]}" },
        { "serviceaccounts", "velero", "velero",
          "{'metadata':{'labels':{'component':'velero'}}}" },
        { "secrets", "velero", "cloud-credentials",
          "{'metadata':{'labels':{'component':'velero'}},'data':{"
          "'cloud':'W2RlZmF1bHRdCmF3c19hY2Nlc3Nfa2V5X2lkPWZsZWV0ZnMKYXdzX3NlY3JldF9hY2Nlc3Nf"
          "a2V5PWZsZWV0ZnMtZTJlLXNlY3JldAo='},"
          "'type':'Opaque'}" },
        { "secrets", "velero", "velero-repo-credentials",
          "{'data':{'repository-password':'c3RhdGljLXBhc3N3MHJk'},'type':'Opaque'}" },
        { "deployments", "velero", "velero",
          "{'metadata':{'labels':{'component':'velero'}},'spec':{'replicas':1,'selector':{"
          "'matchLabels':{'deploy':'velero'}},'template':{'metadata':{'labels':{"
          "'component':'velero','deploy':'velero'}},'spec':{'containers':[{'args':["
          "'server','--features='],'command':['/velero'],'image':'velero/velero:v1.18.3',"
          "'name':'velero'}],'initContainers':[{"
          "'image':'velero/velero-plugin-for-aws:v1.14.3',"
          "'name':'velero-velero-plugin-for-aws'}],'serviceAccountName':'velero'}}},"
          "'status':{'availableReplicas':1,'conditions':[{'type':'Available',"
          "'status':'True'}],'observedGeneration':1,'readyReplicas':1,'replicas':1,"
          "'updatedReplicas':1}}" },

        /* A workload */
        { "serviceaccounts", "shop", "shop",
          "{" APP("shop") "}" },
        { "configmaps", "shop", "web-config",
          "{" APP("web") ",'data':{'index.html':'<h1>Shop</h1>\\n','log-level':'info'}}" },
        { "configmaps", "shop", "cart-config",
          "{" APP("cart") ",'data':{'currency':'EUR','limit':'50'}}" },
        { "configmaps", "shop", "prices",
          "{" APP("cart") ",'data':{'apple':'1.20','pear':'1.40'}}" },
        { "configmaps", "shop", "feature-flags",
          "{" APP("web") ",'data':{'dark-mode':'true'}}" },
        { "configmaps", "shop", "translations",
          "{" APP("web") ",'data':{'de':'Laden','fr':'Boutique'}}" },
        { "secrets", "shop", "db-password",
          "{" APP("db") ",'data':{'password':'czNjcjN0'},'type':'Opaque'}" },
        { "secrets", "shop", "payment-token",
          "{" APP("cart") ",'data':{'token':'dG9rZW4='},'type':'Opaque'}" },
        { "services", "shop", "web",
          "{" APP("web")
          ",'spec':{'clusterIP':'10.96.10.1','clusterIPs':['10.96.10.1'],'ports':[{"
          "'port':80,'protocol':'TCP','targetPort':8080}],'selector':{'app':'web'},"
          "'type':'ClusterIP'}}" },
        { "services", "shop", "cart",
          "{" APP("cart")
          ",'spec':{'clusterIP':'10.96.10.2','clusterIPs':['10.96.10.2'],'ports':[{"
          "'port':80,'protocol':'TCP','targetPort':8080}],'selector':{'app':'cart'},"
          "'type':'ClusterIP'}}" },
        { "services", "shop", "db",
          "{" APP("db")
          ",'spec':{'clusterIP':'10.96.10.3','clusterIPs':['10.96.10.3'],'ports':[{"
          "'port':5432,'protocol':'TCP','targetPort':5432}],'selector':{'app':'db'},"
          "'type':'ClusterIP'}}" },
        { "deployments", "shop", "web",
          "{" APP("web") ",'spec':{" WORKLOAD("web", "nginx:1.27") "}}" },
        { "deployments", "shop", "cart",
          "{" APP("cart") ",'spec':{"
          WORKLOAD(
                                        "cart", "example.com/cart:4") "}}" },
        { "statefulsets", "shop", "db",
          "{" APP("db") ",'spec':{'serviceName':'db',"
          WORKLOAD(
                                        "db", "postgres:17") "}}" },
        { "pods", "shop", "db-0",
          "{" APP("db") ","
          POD_SPEC("db",
                                        "postgres:17")
          ",'status':{'phase':'Running'}}" },
        { "roles", "shop", "reader",
          "{" APP("shop")
          ",'rules':[{'apiGroups':[''],'resources':['configmaps'],'verbs':['get']}]}" },
        { "rolebindings", "shop", "reader",
          "{" APP("shop") ",'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'Role',"
          "'name':'reader'},'subjects':[{'kind':'ServiceAccount','name':'shop',"
          "'namespace':'shop'}]}" },
        { "ingresses", "shop", "web",
          "{" APP("web")
          ",'spec':{'rules':[{'host':'shop.example.com','http':{'paths':[{'backend':{"
          "'service':{'name':'web','port':{'number':80}}},'path':'/',"
          "'pathType':'Prefix'}]}}]}}" },
};
const char seed_backup_text[] =
        "{'apiVersion':'velero.io/v1','kind':'Backup','metadata':{'annotations':{"
        "'velero.io/resource-timeout':'10m0s',"
        "'velero.io/source-cluster-k8s-gitversion':'v1.34.2',"
        "'velero.io/source-cluster-k8s-major-version':'1',"
        "'velero.io/source-cluster-k8s-minor-version':'34'},'creationTimestamp':'@3@',"
        "'generation':6,'labels':{'velero.io/storage-location':'default'},'managedFields':[{"
        "'apiVersion':'velero.io/v1','fieldsType':'FieldsV1','fieldsV1':{'f:spec':{'.':{},"
        "'f:includedNamespaces':{}}},'manager':'velero','operation':'Update','time':'@3@'},{"
        "'apiVersion':'velero.io/v1','fieldsType':'FieldsV1','fieldsV1':{'f:metadata':{"
        "'f:annotations':{'.':{},'f:velero.io/resource-timeout':{},"
        "'f:velero.io/source-cluster-k8s-gitversion':{},"
        "'f:velero.io/source-cluster-k8s-major-version':{},"
        "'f:velero.io/source-cluster-k8s-minor-version':{}},'f:labels':{'.':{},"
        "'f:velero.io/storage-location':{}}},'f:spec':{'f:csiSnapshotTimeout':{},"
        "'f:defaultVolumesToFsBackup':{},'f:excludedClusterScopedResources':{},"
        "'f:excludedNamespaceScopedResources':{},'f:itemOperationTimeout':{},"
        "'f:snapshotMoveData':{},'f:storageLocation':{},'f:ttl':{},"
        "'f:volumeGroupSnapshotLabelKey':{}},'f:status':{'.':{},'f:completionTimestamp':{},"
        "'f:expiration':{},'f:formatVersion':{},'f:hookStatus':{},'f:phase':{},'f:progress':{"
        "'.':{},'f:itemsBackedUp':{},'f:totalItems':{}},'f:startTimestamp':{},"
        "'f:version':{}}},'manager':'velero-server','operation':'Update','time':'@4@'}],"
        "'name':'@0@','namespace':'@7@','resourceVersion':'@2@','uid':'@1@'},'spec':{"
        "'csiSnapshotTimeout':'10m0s','defaultVolumesToFsBackup':false,"
        "'excludedClusterScopedResources':['volumesnapshotcontents.snapshot.storage.k8s.io'],"
        "'excludedNamespaceScopedResources':['volumesnapshots.snapshot.storage.k8s.io'],"
        "'includedNamespaces':['shop'],'itemOperationTimeout':'4h0m0s',"
        "'snapshotMoveData':false,'storageLocation':'default','ttl':'720h0m0s',"
        "'volumeGroupSnapshotLabelKey':'velero.io/volume-group'},'status':{"
        "'completionTimestamp':'@4@','expiration':'@5@','formatVersion':'1.1.0',"
        "'hookStatus':{},'phase':'Completed','progress':{'itemsBackedUp':@6@,"
        "'totalItems':@6@},'startTimestamp':'@3@','version':1}}";
/* clang-format on */

const size_t n_seed_rows = sizeof seed_rows / sizeof seed_rows[0];
